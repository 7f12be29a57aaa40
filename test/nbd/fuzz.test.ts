/** Streams by seed, the same ones in every run; `deno task fuzz:nbd` draws others. */
import { test } from "vitest";
import { tryStream } from "./stream_laws.ts";

const PARTS = 4;
const STREAMS_PER_PART = 750;

test.each(Array.from({ length: PARTS }, (_, part) => part))(
  "streams in step, spoilt, and all at once, part %i",
  async (part) => {
    for (let count = 0; count < STREAMS_PER_PART; count++) await tryStream(`${part}-${count}`);
  },
);
