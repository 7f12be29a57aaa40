/**
 * A process that opens a file device and holds it until it is killed or its input ends. Run by the
 * tests of the locks: `lock_holder.ts PATH writer|reader system|announced`.
 */
import process from "node:process";
import { openFileDevice } from "../../../src/devices/file.ts";
import { announceLock } from "../../../src/devices/file_lock_announced.ts";

const [path, use, kind] = process.argv.slice(2) as [string, string, string];
try {
  openFileDevice(path, {
    readOnly: use === "reader",
    ...(kind === "announced" ? { lockFile: announceLock } : {}),
  });
  process.stdout.write("held\n");
} catch (error) {
  process.stdout.write(`refused ${(error as { code: string }).code}\n`);
}
process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
