/**
 * v86's undocumented side, as the installed version has it: what it calls of a disk, in which order and
 * with what, and which of its members the adapter reaches for. When this fails, v86 has moved: read its
 * `ide.js` and `starter.js` anew before the version in `deno.json` is changed.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { V86 } from "v86";
import { v86Disk } from "../../src/emulator/v86.ts";
import { KNOWN_VERSION } from "../../src/emulator/v86/ide_drive.ts";
import { memberOf, processorOf } from "../../src/emulator/v86/v86_machine.ts";
import { createMemoryDevice, Disk } from "../../src/mod.ts";
import { GuestMachine } from "./machine.ts";
import { readParts } from "./parts.ts";

const parts = await readParts();

/** Writes down every member that is asked for, and every call. */
function watched<Watched extends object>(value: Watched, log: string[]): Watched {
  return new Proxy(value, {
    get(target, name) {
      const member = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...words: unknown[]) => {
        log.push(`${String(name)}(${words.map(described).join(", ")})`);
        return Reflect.apply(member, target, words);
      };
    },
    set(target, name, content) {
      log.push(`${String(name)} = ${described(content)}`);
      return Reflect.set(target, name, content, target);
    },
  });
}

function described(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return "array";
  if (memberOf(value, "signal") instanceof AbortSignal) return "{ signal }";
  return typeof value;
}

test("the version is the one that was read", () => {
  const path = createRequire(import.meta.url).resolve("v86/build/v86.wasm");
  const manifest = JSON.parse(
    readFileSync(path.replace(/build\/v86\.wasm$/, "package.json"), "utf8"),
  );
  expect(manifest.version, "v86 has another version than the adapter was written for")
    .toMatch(new RegExp(`^${KNOWN_VERSION.replaceAll(".", "\\.")}\\b`));
});

test("these members of a disk are called, with these arguments, and no others", async () => {
  const log: string[] = [];
  await using disk = await Disk.open("vm", { origin: 64, storage: "memory" });
  const hda = watched(v86Disk(disk), log);
  await using machine = await GuestMachine.start(parts, { hda, boots: "probe", attach: null });
  await machine.hears(/> $/);
  expect(log, "v86 starts with a disk in another way").toEqual([
    "onload = function",
    "load()",
    "get_and_cache(0, 512, function)",
    "get_from_cache(0, 512)",
  ]);
  log.length = 0;
  for (const command of ["r5", "w6 text", "g7", "p8 text", "f"]) await machine.ask(command);
  expect(log, "v86 reads and writes a disk in another way").toEqual([
    "get(2560, 512, function, { signal })",
    "set(3072, 512 bytes, function)",
    "get(3584, 512, function, { signal })",
    "set(4096, 512 bytes, function)",
  ]);
  log.length = 0;
  await machine.emulator.stop();
  await machine.emulator.restore_state(await machine.emulator.save_state());
  expect(log, "v86 saves a disk's state in another way").toEqual([
    "get_state()",
    "set_state(array)",
  ]);
});

test("an object is taken for a disk by get, set and load alone", async () => {
  const hda = v86Disk(createMemoryDevice({ sectorCount: 64 }));
  await using machine = await GuestMachine.start(parts, { hda, boots: "probe", isOff: true });
  const ide = memberOf(memberOf(processorOf(machine.emulator), "devices"), "ide");
  const drive = memberOf(memberOf(ide, "primary"), "master");
  expect(memberOf(drive, "buffer"), "v86 wraps a disk of one's own now").toBe(hda);
});

test("what a write by PIO hands over is used again, and what one by DMA does is not", async () => {
  const handed: Uint8Array[] = [];
  const hda = v86Disk(createMemoryDevice({ sectorCount: 64 }));
  const set = hda.set.bind(hda);
  hda.set = (startByte, bytes, done) => {
    handed.push(bytes);
    set(startByte, bytes, done);
  };
  await using machine = await GuestMachine.start(parts, { hda, boots: "probe", attach: null });
  await machine.hears(/> $/);
  for (const command of ["w5 one", "w6 two", "p7 three", "p8 four"]) await machine.ask(command);
  const buffers = handed.map(({ buffer }) => buffer);
  expect(buffers[0], "PIO writes have a buffer of their own now").toBe(buffers[1]);
  expect(buffers[2], "DMA writes share a buffer now").not.toBe(buffers[3]);
});

test("the members that errors and flushes are told by are there, and a restart can be judged", async () => {
  const hda = v86Disk(createMemoryDevice({ sectorCount: 64 }));
  await using machine = await GuestMachine.start(parts, { hda, boots: "probe", isOff: true });
  // Attaching looks at each of them, and refuses with the name of the one that is missing.
  await hda.attach(machine.emulator, { writeCache: true });
  expect(memberOf(processorOf(machine.emulator), "option_roms")).toBeInstanceOf(Array);
  expect(memberOf(processorOf(machine.emulator), "bios")).toBeTypeOf("object");
  expect(Object.isSealed(V86.prototype), "v86's prototypes are sealed now").toBe(false);
});

test("what is past the end is refused by v86, and the disk is not asked", async () => {
  const log: string[] = [];
  const hda = watched(v86Disk(createMemoryDevice({ sectorCount: 64 })), log);
  await using machine = await GuestMachine.start(parts, { hda, boots: "probe", attach: null });
  await machine.hears(/> $/);
  log.length = 0;
  expect(await machine.ask("r3f")).toMatchObject({ status: 0x50 });
  expect(await machine.ask("r40")).toMatchObject({ status: 0xff });
  expect(log.length, "v86 asks for what is past the end now").toBe(1);
});
