/// <reference lib="dom" />
/** A worker that writes a disk until it is killed. */
import type { Place } from "./disk_homes.ts";
import { writeRounds } from "./disk_writer.ts";

self.onmessage = ({ data: place }: MessageEvent<Place>) =>
  writeRounds(place, (round) => self.postMessage(round));
