/** Where the disk of the page `disk.html` lives. */
import { serveDisks } from "cowdisk/disk-worker";

serveDisks();
