/** Made-up unified social credit codes: well formed, of organisations that do not exist. */

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

/** A valid code of 18 characters from its first 16 (GB 32100-2015, with the check digit of GB 11714 inside). */
export function uscc(sixteen: string): string {
  const clean = [...sixteen].map((c) => (ALPHABET.includes(c) ? c : '5')).join('');
  const weights = [3, 7, 9, 10, 5, 8, 4, 2];
  const sum = [...clean.slice(8)].reduce((all, c, i) => all + Number.parseInt(c, 36) * (weights[i] ?? 0), 0);
  const digit = (11 - (sum % 11)) % 11;
  const seventeen = clean + (digit === 10 ? 'X' : String(digit));
  let weight = 1;
  let total = 0;
  for (const c of seventeen) {
    total += ALPHABET.indexOf(c) * weight;
    weight = (weight * 3) % 31;
  }
  return seventeen + (ALPHABET[(31 - (total % 31)) % 31] ?? '');
}
