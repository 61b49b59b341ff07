/** By how much one signer's time may differ from another's, in milliseconds: as the platform takes acts. */
export const SKEW_MS = 10 * 60_000;
