/**
 * Unix sockets that are one user's alone. Runs in Deno and Node.
 *
 * A socket is made in a folder of our own and gets its name when it has its mode, 0600: at no moment could
 * another user come in. Who finds its name taken looks who is there.
 *
 * | in the way is | then |
 * |---|---|
 * | nothing | it is made |
 * | a socket on which nobody listens: a dead server left it | it is replaced |
 * | a socket on which somebody listens | `EBUSY` |
 * | anything else | `EEXIST` |
 *
 * @module
 */

import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { BlockDeviceError } from "../block/errors.ts";
import { refusalOf } from "../devices/file_io.ts";

/** Whether somebody listens on a Unix socket. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => settle(true));
    socket.on("error", () => settle(false));
  });
}

/** Removes a socket that a dead server left; refuses everything else that is in the way. */
async function makeWay(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new BlockDeviceError("EEXIST", `Cannot listen on "${path}": it is there, and no socket`);
  }
  if (await isAlive(path)) {
    throw new BlockDeviceError("EBUSY", `Cannot listen on "${path}": somebody else does`);
  }
  rmSync(path);
}

/**
 * Makes a socket that only this user can connect to. It is removed by its path.
 *
 * @param path Where.
 * @param listen Listens on the path that it is given, which is not the final one.
 * @throws {BlockDeviceError} `EEXIST` or `EBUSY` when something else is there; `EIO` when it cannot be made.
 */
export async function makeUnixSocket(
  path: string,
  listen: (made: string) => Promise<unknown>,
): Promise<void> {
  await makeWay(path);
  let folder = "";
  try {
    folder = mkdtempSync(`${path}.`);
    const made = join(folder, "s");
    await listen(made);
    chmodSync(made, 0o600);
    renameSync(made, path);
  } catch (error) {
    throw refusalOf(error, `Cannot listen on "${path}"`, { device: path });
  } finally {
    if (folder !== "") rmSync(folder, { recursive: true, force: true });
  }
}
