/**
 * The announced lock: a lock on a file made of nothing but files, for runtimes without flock(2).
 *
 * Whoever opens an image first *announces* itself, then *looks*:
 *
 *     disk.img
 *     disk.img.lock.exclusive.4711.88123.0.myhost      one empty file for each holder
 *              └ mode      └ pid └ start └ n └ host
 *
 * 1. It makes its own file. The name is its own, so nobody else ever makes, changes or needs it.
 * 2. It lists the directory. A live holder that stands against it: it takes its file back and says
 *    `EBUSY`. A dead one: that file is removed.
 *
 * Of two that come at the same moment each has announced itself before it looks, so at least one
 * sees the other: both may be refused, never are both let in. Removing what a dead process left is no
 * race either, because the name carries the process's start time: it never comes to life again.
 *
 * A holder is dead when this host has no process of that number, or one that started at another time
 * (where the system tells: Linux). A holder on another host counts as alive, because nobody can ask;
 * the refusal names the file, to be removed by hand.
 *
 * @module
 */

import * as fs from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { BlockDeviceError } from "../block/errors.ts";
import type { FileLock, LockMode } from "./file_lock.ts";
import { systemCodeOf } from "./file_io.ts";

/** What is asked about processes. Tests have their own. */
export interface ProcessTable {
  /** This computer's name. */
  readonly host: string;
  /** This process's number. */
  readonly pid: number;
  /**
   * When a process of this host started, in any unit; `0` if the system does not tell.
   *
   * @returns `undefined` when there is no such process.
   */
  startOf(pid: number): string | undefined;
}

/** The processes that there are. Asked late: Deno wants a permission for each question. */
const systemProcesses: ProcessTable = {
  get host() {
    return hostname();
  },
  get pid() {
    return process.pid;
  },
  startOf(pid) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      // Without permission to signal it, it is still there.
      if (systemCodeOf(error) === "ESRCH") return undefined;
    }
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
      // The command's name may hold blanks and brackets; the fields are counted behind the last one.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : fields[19] ?? "0";
    } catch {
      return "0";
    }
  },
};

interface Announcement {
  readonly fileName: string;
  readonly mode: LockMode;
  readonly pid: number;
  readonly start: string;
  readonly host: string;
}

const ANNOUNCED = /^(shared|exclusive)\.(\d+)\.(\d+)\.\d+\.(.*)$/;

function announcementsOf(directory: string, prefix: string): Announcement[] {
  const found: Announcement[] = [];
  for (const fileName of fs.readdirSync(directory)) {
    if (!fileName.startsWith(prefix)) continue;
    const match = ANNOUNCED.exec(fileName.slice(prefix.length));
    if (match === null) continue;
    const [, mode, pid, start, host] = match as unknown as [
      string,
      LockMode,
      string,
      string,
      string,
    ];
    found.push({ fileName, mode, pid: Number(pid), start, host: decodeURIComponent(host) });
  }
  return found;
}

function isAlive(holder: Announcement, processes: ProcessTable): boolean {
  if (holder.host !== processes.host) return true;
  const start = processes.startOf(holder.pid);
  if (start === undefined) return false;
  return start === holder.start || start === "0" || holder.start === "0";
}

function remove(path: string): void {
  fs.rmSync(path, { force: true });
}

/** Returns the path of the file made, or `undefined` where a reader may not make any. */
function announce(
  directory: string,
  prefix: string,
  mode: LockMode,
  processes: ProcessTable,
): string | undefined {
  const { pid, host } = processes;
  const start = processes.startOf(pid) ?? "0";
  for (let number = 0;; number++) {
    const fileName = `${prefix}${mode}.${pid}.${start}.${number}.${encodeURIComponent(host)}`;
    const path = join(directory, fileName);
    try {
      fs.closeSync(fs.openSync(path, "wx"));
      return path;
    } catch (error) {
      const code = systemCodeOf(error);
      if (code === "EEXIST") continue; // Held by this very process.
      // In a directory that cannot be written a reader goes unseen; it still sees the writers.
      if (mode === "shared" && (code === "EACCES" || code === "EROFS" || code === "EPERM")) {
        return undefined;
      }
      throw error;
    }
  }
}

/**
 * Locks a file by announcement, at once or not at all.
 *
 * @param path The file, which is there.
 * @param mode Whether others may hold a shared lock beside this one.
 * @param processes What is asked about processes.
 * @returns The lock.
 * @throws {BlockDeviceError} `EBUSY` when a live holder stands against it.
 */
export function announceLock(
  path: string,
  mode: LockMode,
  processes: ProcessTable = systemProcesses,
): FileLock {
  const image = fs.realpathSync(path); // By whatever name the image is opened, one lock.
  const directory = dirname(image);
  const prefix = `${basename(image)}.lock.`;
  const own = announce(directory, prefix, mode, processes);
  const release = () => {
    if (own !== undefined) remove(own);
  };
  try {
    for (const holder of announcementsOf(directory, prefix)) {
      const holderPath = join(directory, holder.fileName);
      if (holderPath === own) continue;
      if (!isAlive(holder, processes)) {
        remove(holderPath);
      } else if (mode === "exclusive" || holder.mode === "exclusive") {
        throw isHeldBy(path, mode, holder, holderPath);
      }
    }
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

function isHeldBy(path: string, mode: LockMode, holder: Announcement, holderPath: string) {
  const use = mode === "shared" ? "reading" : "writing";
  const holderUse = holder.mode === "shared" ? "reading" : "writing";
  return new BlockDeviceError(
    "EBUSY",
    `Cannot open "${path}" for ${use}: process ${holder.pid} on ${holder.host} has it open for ` +
      `${holderUse}, as "${holderPath}" tells`,
    { device: path },
  );
}
