/// <reference lib="webworker" />
/** The service worker of the page: on a host that sends no headers of isolation, it adds them. */
import { serveRanges } from "cowdisk/range-worker";

serveRanges({ isolation: "require-corp" });
