/** A worker that opens disks for the page. */
import { serveOpfs } from "../../src/devices/opfs.ts";

serveOpfs();
