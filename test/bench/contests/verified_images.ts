/**
 * Hashing an image with one worker and with two: what `cowdisk hash` and `cowdisk verify` do.
 *
 * Each round starts its workers anew, as the commands do.
 *
 * @module
 */
import { systemClock } from "../../../src/block/clock.ts";
import type { Environment } from "../../../src/cli/environment.ts";
import { hashView } from "../../../src/cli/hash/hash_view.ts";
import { type Contest, isSmoke, lazy } from "../harness/contest.ts";
import { benchFolder, writeImage } from "./files.ts";

const IMAGE_BYTES = isSmoke ? 2 ** 22 : 2 ** 30;

const nobody = { isTerminal: false, hasColors: false, columns: 80, write() {}, writeBytes() {} };

const QUIET: Environment = {
  out: nobody,
  err: nobody,
  input: { isTerminal: false, async *pieces() {} },
  clock: systemClock,
  onInterrupt: () => () => {},
};

/** The contest; the floor is one worker. */
export function verifyImage(): Contest {
  const word = lazy(() => {
    const path = `${benchFolder("memory")}/verified.img`;
    writeImage(path, IMAGE_BYTES);
    return path;
  });
  const by = (jobs: number) => ({
    name: jobs === 1 ? "one worker" : `${jobs} workers`,
    prepare: () => void word(),
    run: async () => void await hashView(QUIET, { word: word(), jobs }),
  });
  return {
    title: `hash an image of ${IMAGE_BYTES / 2 ** 20} MiB, as verify does`,
    operations: 1,
    floor: by(1),
    runners: [by(2)],
  };
}
