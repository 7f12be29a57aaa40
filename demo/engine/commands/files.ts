/**
 * Files: an image to be the origin, a COW file to be a snapshot, and both to keep.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { Outcome } from "../scene.ts";
import type { Session } from "../session.ts";
import { Refusal } from "./refusal.ts";

/** Takes a file. */
export function giveFile(_session: Session, name: string, _bytes: Blob): Promise<Outcome> {
  throw new Refusal(`Cannot take "${name}" yet`);
}
