import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeUnixSocket } from "../../../src/nbd/unix_socket_deno.ts";

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), "cowdisk-socket-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "socket");
}

test("a socket has its mode before it has its name, and leaves nothing beside it", async () => {
  const path = place();
  let listener: Server | undefined;
  await makeUnixSocket(path, (made) => {
    expect([existsSync(path), statSync(dirname(made)).mode & 0o777]).toEqual([false, 0o700]);
    return new Promise<void>((resolve) => {
      listener = createServer().listen(made, resolve);
    });
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(path))).toEqual(["socket"]);
  await expect(makeUnixSocket(path, () => Promise.resolve())).rejects.toMatchObject({
    code: "EBUSY",
  });
  listener?.close();
});

test("a socket that cannot be listened on leaves nothing", async () => {
  const path = place();
  const failing = makeUnixSocket(path, () => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow(`Cannot listen on "${path}"`);
  expect(readdirSync(dirname(path))).toEqual([]);
});
