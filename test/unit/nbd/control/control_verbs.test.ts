import { expect, test } from "vitest";
import { ControlRequest } from "../../../../src/nbd/control/control_request.ts";
import { performControl } from "../../../../src/nbd/control/control_verbs.ts";
import { deviceOf, filled, liveRig, namesOf, settled } from "../live/rig.ts";

async function controlRig() {
  const rig = await liveRig();
  const server = { stack: rig.stack, clientCount: 3, nowMs: () => 77 };
  const ask = (fields: Record<string, unknown>) =>
    performControl(ControlRequest.parse(JSON.stringify(fields)), server);
  return { ...rig, ask };
}

test("a session", async () => {
  const { stack, shelf, ask } = await controlRig();
  await ask({
    verb: "take",
    name: "monday",
    path: "/m.cow",
    chunkSectors: 16,
    sectorCount: 2048,
    store: "PO",
    force: true,
  });
  expect(stack.mapper.table("monday")).toEqual(["0 512 snapshot 7:0 7:1 PO 16"]);
  await deviceOf(stack, "origin").write(filled(1, 1), 0);
  expect(await ask({ verb: "status" })).toMatchObject({
    timeMs: 77,
    clientCount: 3,
    devices: [{ name: "origin" }, { name: "monday", usage: { exceptions: 1 } }],
  });
  expect(await ask({ verb: "attach", path: "/a.img", sectorCount: 64 }))
    .toEqual({ name: "loop2", number: "7:2" });
  expect(await ask({ verb: "dm", words: ["create", "a"], input: "0 64 linear loop2 0" }))
    .toEqual({ exitStatus: 0, stdout: "", stderr: "" });
  expect(await ask({ verb: "dm", words: ["table", "a"] }))
    .toEqual({ exitStatus: 0, stdout: "0 64 linear 7:2 0\n", stderr: "" });
  expect(await ask({ verb: "dm", words: ["remove", "a"] })).toMatchObject({ exitStatus: 0 });
  await ask({ verb: "detach", image: "loop2" });
  expect(await ask({ verb: "merge", name: "monday" })).toEqual({ chunkCount: 1 });
  await settled();
  await ask({ verb: "take", name: "tuesday", path: "/t.cow" });
  expect(await ask({ verb: "drop", name: "tuesday", remove: true })).toEqual({ path: "/t.cow" });
  expect([...shelf.images.keys()]).toEqual(["disk.img", "/m.cow", "/a.img"]);
  await stack.close();
});

test("what is not understood does nothing, whatever of it could be done", async () => {
  const { stack, shelf, ask } = await controlRig();
  const take = { verb: "take", name: "a", path: "/a" };
  for (
    const [fields, sentence] of [
      [{}, /"verb"/],
      [{ verb: "toString" }, /^Cannot do "toString": want one of status, take/],
      [{ verb: "take", name: "a" }, /"path"/],
      [{ ...take, sectorCount: -1 }, /"sectorCount"/],
      [{ ...take, store: "N" }, /"store"/],
      [{ ...take, size: 8 }, /"size"/],
      [{ ...take, chunkSectors: 3 }, /chunk|power/i],
      [{ ...take, path: "x".repeat(5000) }, /"path"/],
      [{ verb: "dm", words: [] }, /"words"/],
      [{ verb: "drop", name: "origin", remove: "yes" }, /"remove"/],
    ] as const
  ) await expect(ask(fields)).rejects.toThrow(sentence);
  expect([namesOf(stack), [...shelf.images.keys()]]).toEqual([["origin"], ["disk.img"]]);
  await stack.close();
});
