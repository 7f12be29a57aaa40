/**
 * The first write to chunks of an origin in a file: as in memory, with the system's calls.
 *
 * The floor makes the same calls in the same order.
 *
 * @module
 */
import { formatSize } from "../../../src/block/units.ts";
import { type FileDevice, openFileDevice } from "../../../src/devices/file.ts";
import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";
import { type Contest, isSmoke, lazy } from "../harness/contest.ts";
import { BareCopyOut } from "./bare_copy_out.ts";
import { type Face, runnerBy } from "./faces.ts";
import { benchFolder, written } from "./files.ts";
import { CHUNK_BYTES, CHUNK_SECTORS, shuffledBelow, Walk } from "./places.ts";

/** The size of the origin: 16 MiB. */
const ORIGIN_CHUNKS = isSmoke ? 512 : 4096;

/** Chunks copied out in a round, all snapshots together: syncing takes its time. */
const ROUND_CHUNKS = isSmoke ? 8 : 128;

/** What is written, and to what. */
export interface FileTouch {
  /** Chunks of 4 KiB in a request. */
  readonly requestChunks: number;
  /** Snapshots of the one origin. */
  readonly snapshots: number;
  readonly face: Face;
}

/** Requests in a round: one at least, and as many as are in flight. */
function operationsOf({ requestChunks, snapshots, face }: FileTouch): number {
  const operations = Math.floor(ROUND_CHUNKS / requestChunks / snapshots);
  return Math.max(face === "16 in flight" ? 16 : 1, operations);
}

function nameOf({ requestChunks, snapshots, face }: FileTouch): string {
  return [
    `first write of ${formatSize(requestChunks * CHUNK_BYTES)} to an origin in a file`,
    ...snapshots === 1 ? [] : [`${snapshots} snapshots`],
    ...face === "sync" ? [] : [face],
  ].join(", ");
}

/** Room on a COW device for what a round copies, and for its metadata. */
function cowChunksOf(touch: FileTouch): number {
  return operationsOf(touch) * touch.requestChunks + 64;
}

class Stack {
  readonly origin: MappedDevice;
  readonly #cows: readonly FileDevice[];
  #snapshots: readonly MappedDevice[] = [];

  constructor(touch: FileTouch) {
    const open = (file: string, chunkCount: number) => {
      const create = { sectorCount: chunkCount * CHUNK_SECTORS };
      const device = openFileDevice(`${benchFolder("disk")}/${nameOf(touch)}-${file}`, { create });
      device.writeSync(written(chunkCount * CHUNK_BYTES), 0);
      device.flushSync();
      return device;
    };
    this.origin = openOrigin(open("origin", ORIGIN_CHUNKS));
    const cowChunks = cowChunksOf(touch);
    const numbers = Array.from({ length: touch.snapshots }, (_, number) => number);
    this.#cows = numbers.map((number) => open(`cow-${number}`, cowChunks));
  }

  begin(): void {
    for (const snapshot of this.#snapshots) snapshot.closeSync();
    this.#snapshots = this.#cows.map((cow) => {
      cow.writeZeroesSync(0, CHUNK_SECTORS);
      cow.flushSync();
      return openSnapshotSync({ origin: this.origin, cow, chunkSectors: CHUNK_SECTORS });
    });
  }
}

/** First writes to an origin, each of chunks that nobody has copied. */
export function copyOutInFiles(touch: FileTouch): Contest {
  const { requestChunks, snapshots, face } = touch;
  const source = written(requestChunks * CHUNK_BYTES);
  const stack = lazy(() => new Stack(touch));
  const bare = lazy(() =>
    new BareCopyOut(nameOf(touch), {
      originBytes: ORIGIN_CHUNKS * CHUNK_BYTES,
      cowBytes: cowChunksOf(touch) * CHUNK_BYTES,
      requestBytes: source.length,
      chunkBytes: CHUNK_BYTES,
      snapshots,
    })
  );
  const places = shuffledBelow(ORIGIN_CHUNKS / requestChunks, "file");
  const operations = operationsOf(touch);
  // From round to round a walk goes on: what a round writes, no chunk of it twice.
  const sectors = new Walk(places, (place) => place * requestChunks * CHUNK_SECTORS);
  const positions = new Walk(places, (place) => place * requestChunks * CHUNK_BYTES);
  const requests = () => {
    const { origin } = stack();
    return {
      sync: () => origin.writeSync(source, sectors.next()),
      async: () => origin.write(source, sectors.next()),
    };
  };
  return {
    title: nameOf(touch),
    operations,
    floor: {
      name: "the same calls of the system",
      prepare: () => void bare(),
      run() {
        for (let index = 0; index < operations; index++) bare().write(index, positions.next());
      },
    },
    runners: [runnerBy(face, "the origin", operations, requests, () => stack().begin())],
  };
}
