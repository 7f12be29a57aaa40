/**
 * What stands for `node:crypto` in a browser, as far as the golden vectors need it: the platform's own
 * digest is a promise there.
 */
import { createSHA256 } from "hash-wasm";

const sha = await createSHA256();

/** A digest under way. One at a time. */
export function createHash(algorithm: string) {
  if (algorithm !== "sha256") throw new TypeError(`Cannot digest by "${algorithm}": want "sha256"`);
  return sha.init();
}
