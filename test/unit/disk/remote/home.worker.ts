/** A real worker in which disks live. */
import { serveDisks } from "../../../../src/disk/remote/disk_server.ts";

serveDisks();
