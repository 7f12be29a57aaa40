import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { DeviceDirectory } from "../../../src/mapper/device_directory.ts";
import { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { createRig } from "./rig.ts";

function createDirectory() {
  const directory = new DeviceDirectory();
  const { vda: device } = createRig();
  directory.addDisk({ name: "vda", number: "254:0", device });
  return { directory, device };
}

test("a disk is found by name, path and number", () => {
  const { directory, device } = createDirectory();
  for (const word of ["vda", "/dev/vda", "254:0"]) assert(directory.find(word) === device, word);
  for (const word of ["/dev/mapper/vda", "254:1", "-", "/dev/", ""]) {
    assertEquals(directory.find(word), undefined, word);
  }
});

test("mapped devices are numbered from the lowest free minor, and found by every word", () => {
  const { directory } = createDirectory();
  const add = (name: string) => directory.addMapped(name, new MappedDevice(name));
  const [a, b, c] = [add("a"), add("b"), add("c")];
  assertEquals([a.number, b.number, c.number], ["253:0", "253:1", "253:2"]);
  for (const word of ["b", "/dev/mapper/b", "/dev/dm-1", "253:1"]) {
    assert(directory.findMapped(word) === b, word);
  }
  directory.removeMapped(b);
  assertEquals(directory.find("b"), undefined);
  assertEquals(add("d").number, "253:1");
  assertEquals(directory.mapped.map(({ name }) => name), ["a", "c", "d"]);
});

test("of a disk and a mapped device of one name, the bare word means the mapped one", () => {
  const { directory, device } = createDirectory();
  const entry = directory.addMapped("vda", new MappedDevice("vda"));
  assert(directory.find("vda") === entry.device);
  assert(directory.find("/dev/vda") === device);
  assertEquals(directory.findMapped("/dev/vda"), undefined);
});

test("a renamed device keeps its number and loses its old name", () => {
  const { directory } = createDirectory();
  const entry = directory.addMapped("old", new MappedDevice("old"));
  directory.renameMapped(entry, "new");
  assertEquals(directory.find("old"), undefined);
  assert(directory.find("new") === entry.device);
  assertEquals(directory.findMapped("253:0")?.name, "new");
});

test("devices are printed by number in tables and by kernel name in the log", () => {
  const { directory, device } = createDirectory();
  const { device: mapped } = directory.addMapped("a", new MappedDevice("a"));
  const { vdb: stranger } = createRig();
  const words = (each: typeof device | MappedDevice) => [
    directory.numberOf(each),
    directory.kernelNameOf(each),
  ];
  assertEquals(words(device), ["254:0", "vda"]);
  assertEquals(words(mapped), ["253:0", "dm-0"]);
  assertEquals(words(stranger), ["vdb", "vdb"]);
});

test("a number or a name cannot be given twice", () => {
  const { directory, device } = createDirectory();
  assertThrows(() => directory.addDisk({ name: "vda", number: "254:16", device }), TypeError);
  assertThrows(() => directory.addDisk({ name: "vdb", number: "254:0", device }), TypeError);
  assertThrows(() => directory.addDisk({ name: "vdb", number: "253:0", device }), TypeError);
  assertThrows(() => directory.addDisk({ name: "vdb", number: "8", device }), TypeError);
});
