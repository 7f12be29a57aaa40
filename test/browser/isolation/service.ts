/// <reference lib="dom" />
/** The service worker of `page.html`: it isolates the pages of this folder. */
import { serveRanges } from "../../../src/emulator/range_worker.ts";

serveRanges({ isolation: "require-corp" });
