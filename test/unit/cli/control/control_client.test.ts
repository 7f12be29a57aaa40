import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ControlClient } from "../../../../src/cli/control/control_client.ts";
import { Folder } from "../session.ts";

/** A server that answers each line with the next of some texts, and then ends. */
async function saying(...texts: string[]): Promise<string> {
  const path = new Folder().path("control");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => {
      const text = texts.shift();
      if (text === undefined) return socket.destroy();
      for (const byte of text) socket.write(byte);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return path;
}

test("a result is given, a refusal is a sentence, and so is a server that goes", async () => {
  const path = await saying(
    '{"result":{"ü":1}}\n',
    '{"error":{"code":"EBUSY","message":"Cannot do it"}}\n',
  );
  using client = await ControlClient.connect(path);
  expect(await client.ask({ verb: "a" })).toEqual({ ü: 1 });
  await expect(client.ask({ verb: "b" })).rejects.toMatchObject({
    message: "Cannot do it",
    exitCode: 1,
  });
  await expect(client.ask({ verb: "c" })).rejects.toThrow(/^The server at ".*" has gone$/);
  await expect(client.ask({ verb: "d" })).rejects.toThrow(/has gone$/);
});

test("whoever is not there is named", async () => {
  const folder = new Folder();
  await expect(ControlClient.connect(folder.path("none"))).rejects.toThrow(/no such socket$/);
  await expect(ControlClient.connect(folder.write("file", ""))).rejects.toThrow(
    /^Cannot reach a server at ".*file": /,
  );
});
