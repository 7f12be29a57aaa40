/// <reference lib="dom" />
/** A worker that replays golden vectors on disks of the browser, and answers with what differs. */
import { replay } from "../golden/replay.ts";
import { parseVector, type ReadImage, type Vector } from "../golden/vector.ts";
import { BrowserDisks } from "./browser_disks.ts";
import type { HomeWord } from "./disk_homes.ts";

/** What is to be replayed, and on what. */
export interface GoldenWish {
  readonly home: HomeWord;
  /** The vector's name. */
  readonly name: string;
}

/** What was found. */
export interface GoldenFinding {
  readonly compared: number;
  /** What is not as the kernel had it, in words. */
  readonly wrong: readonly string[];
}

/** Where Vite serves them. */
const FOLDER = "/test/golden/vectors";

async function fetched(file: string): Promise<Response> {
  const answer = await fetch(`${FOLDER}/${file}`);
  if (answer.ok) return answer;
  throw new Error(`Cannot fetch ${file}: ${answer.status} ${answer.statusText}`);
}

async function imagesOf({ boots }: Vector): Promise<ReadImage> {
  const images = new Map<string, Uint8Array>();
  for (const { after } of boots) {
    for (const { file } of Object.values(after)) {
      if (file === undefined) continue;
      // Vite tells that such a file is compressed, and the browser undoes it.
      images.set(file, new Uint8Array(await (await fetched(file)).arrayBuffer()));
    }
  }
  return (file) => images.get(file)!;
}

async function find({ home, name }: GoldenWish): Promise<GoldenFinding> {
  const vector = parseVector(await (await fetched(`${name}.json`)).text(), name);
  await using shelf = new BrowserDisks(home);
  const face = home === "opfs" ? "sync" : "async";
  const readImage = await imagesOf(vector);
  const { compared, failures, faults } = await replay(vector, { readImage, face, shelf });
  const differences = failures.map((difference) => JSON.stringify(difference));
  return { compared, wrong: [...faults, ...differences] };
}

self.onmessage = async ({ data: wish }: MessageEvent<GoldenWish>) => {
  try {
    self.postMessage(await find(wish));
  } catch (error) {
    self.postMessage({ compared: 0, wrong: [String((error as Error).stack)] });
  }
};
// What was posted while modules were waited for is lost.
self.postMessage("ready");
