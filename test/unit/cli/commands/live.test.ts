import { expect, test } from "vitest";
import { expectRefusal } from "../command_clauses.ts";
import { running, turn } from "../control/rig.ts";
import { cowdisk, DISK_SECTORS, Folder, TestEnvironment } from "../session.ts";

test("a verb has its own words and options, and no others", async () => {
  const refused = async (line: string, sentence: RegExp) =>
    expectRefusal(await cowdisk(["live", ...line.split(" ")]), 2, sentence);
  await refused("take monday", /Found 1 words behind "take": want NAME COW\n/);
  await refused("drop", /Found 0 words behind "drop": want NAME\n/);
  await refused("list monday", /Found 1 words behind "list": want none\n/);
  await refused("drop monday --force", /Cannot use --force with "drop"\n/);
  await refused("take a b --remove", /Cannot use --remove with "take"\n/);
  await refused("frobnicate", /Allowed choices are take, drop/);
  await refused("list", /Found no --control PATH: want the control socket/);
});

test("a session", async () => {
  const { run, folder, environment, end } = await running();
  const session: [string, string][] = [
    ["live take monday monday.cow", 'monday.cow: the snapshot "monday", which is an export now\n'],
    [
      "live list",
      "name    number  size        target           state   COW image\n" +
      "origin  253:0   1.00 MiB  snapshot-origin  active\n" +
      "monday  253:1   1.00 MiB  snapshot         active  monday.cow\n",
    ],
    [
      "live usage",
      "name    state   used   exceptions  chunk  sectors\n" +
      "monday  active  0.0 %  0           4 KiB  16/2080 16\n",
    ],
    ["live merge monday", '0 chunks merged: the origin is what "monday" was\n'],
    ["live usage", "no snapshots\n"],
    [
      "live take tuesday tuesday.cow --chunk 64K --size 1M --store PO",
      'tuesday.cow: the snapshot "tuesday", which is an export now\n',
    ],
    ["live drop tuesday --remove", '"tuesday" is no export any more; tuesday.cow is gone\n'],
    ["live attach spare.img --size 1M", "spare.img: /dev/loop1, 7:1\n"],
    ["live detach spare.img", "spare.img: detached\n"],
  ];
  for (const [line, out] of session) {
    const ending = await run(line.split(" "));
    const squeeze = (text: string) => text.replace(/ +/g, " ");
    expect({ ...ending, out: squeeze(ending.out) }, line).toEqual({
      code: 0,
      out: squeeze(out),
      err: "",
    });
  }
  expect([folder.has("monday.cow"), folder.has("tuesday.cow"), folder.has("spare.img")])
    .toEqual([true, false, true]);
  expect((await cowdisk(["check", folder.path("monday.cow")])).code).toBe(0);
  expect((await end()).code).toBe(0);
  expect(environment.err.text.match(/^cowdisk: (took|merging|merged|dropped)/gm)).toEqual(
    ["took", "merging", "merged", "took", "dropped"].map((word) => `cowdisk: ${word}`),
  );
  expect([folder.has("nbd.sock"), folder.has("nbd.sock.control")]).toEqual([false, false]);
});

test("programs read in JSON what people read, with the keys that the help lists", async () => {
  const { run } = await running();
  const help = (await cowdisk(["live", "--help"])).out.replace(/\s+/g, " ");
  const read = async (line: string) => {
    const { code, out } = await run([...line.split(" "), "--json"]);
    expect([code, out]).toEqual([0, expect.stringMatching(/^[^\n]+\n$/)]);
    const json = JSON.parse(out);
    expect(help).toContain(` with ${Object.keys(json).join(", ")}`);
    return json;
  };
  expect(await read("live list")).toMatchObject({
    clientCount: 0,
    devices: [{ name: "origin", sectorCount: DISK_SECTORS }],
  });
  expect((await read("live usage")).merge).toBe(null);
  expect(await read("live take monday monday.cow")).toEqual({ name: "monday", cow: "monday.cow" });
  expect(await read("live merge monday")).toEqual({ name: "monday", mergedChunks: 0 });
  await read("live take tuesday tuesday.cow");
  expect(await read("live drop tuesday")).toEqual({ name: "tuesday", cow: "tuesday.cow" });
  expect(await read("live attach spare.img --size 1M"))
    .toEqual({ image: "spare.img", name: "loop1", number: "7:1" });
  expect(await read("live detach loop1")).toEqual({ image: "loop1" });
});

test("what the server refuses is one sentence, and changes nothing", async () => {
  const { run, folder } = await running();
  folder.write("old.cow", "mine");
  const refused = async (line: string, sentence: RegExp) =>
    expectRefusal(await run(line.split(" ")), 1, sentence);
  await refused("live drop nope", /^cowdisk: Cannot drop "nope": there is no such device\n$/);
  await refused("live take origin new.cow", /there is already a device "origin"/);
  await refused("live take monday old.cow", /it is there already/);
  await refused("live take monday disk.img --force", /it is open elsewhere/);
  await refused("live take monday new.cow --size 1K", /new.cow/);
  await refused("live attach none.img", /there is no such file/);
  await refused("live attach disk.img", /it is open elsewhere/);
  expect((await run(["live", "list"])).out.split("\n").length).toBe(3);
  expect([folder.has("new.cow"), folder.read("old.cow").length]).toEqual([false, 4]);
});

test("no server is a sentence too", async () => {
  const { control, end } = await running();
  await end();
  expectRefusal(
    await cowdisk(["live", "list", "--control", control]),
    1,
    /Cannot reach a server at ".*": there is no such socket/,
  );
});

test("who waits for a merge may go; the server goes on", async () => {
  const { run, environment } = await running();
  await run(["live", "take", "monday", "monday.cow"]);
  await run(["dm", "suspend", "monday"]);
  // Suspended it cannot be merged: that is refused before anything waits.
  expectRefusal(await run(["live", "merge", "monday"]), 1, /suspended/);
  await run(["dm", "resume", "monday"]);
  const impatient = new TestEnvironment();
  impatient.isImpatient = true;
  const { code } = await run(["live", "merge", "monday"], impatient);
  // There was nothing to merge: it may have been done before one could look.
  expect([0, 130]).toContain(code);
  while (!environment.err.text.includes("merged")) await turn();
});

test("a disk in memory can be snapshotted too", async () => {
  const folder = new Folder();
  const environment = new TestEnvironment();
  const control = folder.path("control");
  const ended = cowdisk(["serve", "mem:1M", "--port", "0", "--control", control], environment);
  while (!environment.err.text.includes("serving")) await turn();
  const cow = folder.path("m.cow");
  expect(await cowdisk(["live", "take", "m", cow, "--control", control])).toMatchObject({
    code: 0,
  });
  environment.interrupt();
  expect((await ended).code).toBe(0);
  expect((await cowdisk(["check", cow])).code).toBe(0);
});
