/** Randomness of this machine: ids come from its cryptographic source, draws from the fast one. */
import type { Random } from "./random.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const idLength = 22;

// Asking for random bytes costs far more than using them, so they are fetched for many ids at once.
const pool = new Uint8Array(idLength * 256);
let used = pool.length;

/** Ids hold 132 random bits as 22 base64url characters. */
export const systemRandom: Random = {
  draw: () => Math.random(),
  id: () => {
    if (used === pool.length) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    const end = used + idLength;
    let id = "";
    for (; used < end; used++) id += alphabet.charAt((pool[used] ?? 0) & 63);
    return id;
  },
};
