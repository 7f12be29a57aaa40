import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { beginTls, readTlsCredentials } from "../../../src/nbd/tls_deno.ts";
import { certificates } from "./certificates.ts";

/** A copy of the server's folder, to be spoilt. */
function spoilt(spoil: (folder: string) => void): string {
  const folder = mkdtempSync(join(tmpdir(), "cowdisk-tls-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(certificates().server, folder, { recursive: true });
  spoil(folder);
  return folder;
}

describe("certificates", () => {
  test.each(["ca-cert.pem", "server-cert.pem", "server-key.pem"])("%s has to be PEM", (name) => {
    const gone = spoilt((folder) => rmSync(join(folder, name)));
    expect(() => readTlsCredentials(gone, true)).toThrow(
      expect.objectContaining({ code: "ENOENT", message: expect.stringContaining(name) }),
    );
    const junk = spoilt((folder) => writeFileSync(join(folder, name), "no PEM"));
    expect(() => readTlsCredentials(junk, true)).toThrow(
      expect.objectContaining({ code: "EINVAL", message: expect.stringMatching(/want PEM$/) }),
    );
  });

  test("a key has to be its certificate's", () => {
    const mixed = spoilt((folder) =>
      copyFileSync(join(certificates().client, "client-key.pem"), join(folder, "server-key.pem"))
    );
    expect(() => readTlsCredentials(mixed, true)).toThrow(/it is another certificate's key$/);
    const { verifiesPeer, key } = readTlsCredentials(certificates().server, true);
    expect(verifiesPeer).toBe(true);
    expect(key).toMatch(/PRIVATE KEY/);
  });
});

/** Two ends of one connection. */
async function socketPair(): Promise<[Socket, Socket]> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const listener = createServer({ allowHalfOpen: true }, resolve);
  await new Promise<void>((done) => listener.listen(0, "127.0.0.1", done));
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("Found no port");
  const client = connect(address.port, "127.0.0.1");
  client.on("error", () => {});
  const server = await promise;
  server.on("error", () => {});
  onTestFinished(() => {
    for (const each of [client, server]) each.destroy();
    listener.close();
  });
  return [client, server];
}

/** Begins TLS on both ends, the client with what is in a folder. Returns whether the server believes it. */
async function shake(folder: string, verifiesPeer: boolean): Promise<boolean> {
  const [client, server] = await socketPair();
  const begun = beginTls(server, readTlsCredentials(certificates().server, verifiesPeer));
  const read = (name: string) => readFileSync(join(folder, name));
  const own = folder === certificates().nobody
    ? {}
    : { cert: read("client-cert.pem"), key: read("client-key.pem") };
  const ca = read("ca-cert.pem");
  const tls = connectTls({ socket: client, ca, servername: "localhost", ...own });
  tls.on("error", () => {});
  try {
    const secured = await begun;
    secured.end("hello");
    let heard = "";
    for await (const piece of tls) heard += piece;
    expect(heard).toBe("hello");
    return true;
  } catch {
    expect(server.destroyed).toBe(true);
    return false;
  }
}

test("a client is believed if it is of the authority, or if nobody asks", async () => {
  const { client, nobody, impostor, stranger } = certificates();
  expect(await shake(client, true)).toBe(true);
  expect(await shake(nobody, true)).toBe(false);
  expect(await shake(impostor, true)).toBe(false);
  expect(await shake(stranger, false)).toBe(false);
  expect(await shake(nobody, false)).toBe(true);
});

test("who does not speak TLS is turned away", async () => {
  const [client, server] = await socketPair();
  const begun = beginTls(server, readTlsCredentials(certificates().server, false));
  client.write("GET / HTTP/1.0\r\n\r\n");
  await expect(begun).rejects.toThrow();
  expect(server.destroyed).toBe(true);
});
