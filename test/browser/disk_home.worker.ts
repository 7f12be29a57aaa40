/** A worker in which disks live for the page. */
import { serveDisks } from "../../src/disk/remote/disk_server.ts";

serveDisks();
