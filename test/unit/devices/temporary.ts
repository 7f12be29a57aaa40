/** A directory for one test, and the system's file I/O with parts of it replaced. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type FileIo, nodeFileIo } from "../../../src/devices/file_io.ts";

/** A path in a directory of its own, removed when the test ends. */
export function temporaryPath(name = "disk.img"): string {
  const directory = mkdtempSync(join(tmpdir(), "cowdisk-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, name);
}

/** An error as the system makes it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the system says`), { code });
}

/** The system's file I/O, but for some verbs. */
export function ioWith(verbs: Partial<FileIo>): FileIo {
  return { ...nodeFileIo, ...verbs };
}
