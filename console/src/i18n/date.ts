/** Instants that a file of somebody else's names. */

/** The date of an instant; `null` where no date is that far away (±8.64 · 10^15 ms), though the number is one that files may hold. */
export function dateOf(at: number): Date | null {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? null : date;
}
