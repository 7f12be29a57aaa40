/** Where the page's disk lives. */
import { serveDisks } from "cowdisk/disk-worker";

serveDisks();
