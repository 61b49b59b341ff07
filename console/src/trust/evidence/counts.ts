/** What was checked, counted. */
export class Counts {
  readonly #counts = new Map<string, number>();

  /** Adds to a count. */
  add(what: string, n: number): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + n);
  }

  /** All counts, by name. */
  all(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
