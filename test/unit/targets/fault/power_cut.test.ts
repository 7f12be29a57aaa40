/**
 * A power cut without a machine: a flakey device that drops writes takes the place of one that does
 * not, under a snapshot that goes on and notices nothing. What it then finds on its disks is what was
 * there at the swap.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { Mapper } from "../../../../src/mapper/mapper.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { readOf } from "./rig.ts";

const SECTORS = 256;
const COW_SECTORS = 1024;
const FLAKEY = ["disk", "cow"] as const;

/** An origin and a snapshot on two disks, each under a flakey device. */
class PowerCutStack {
  readonly mapper: Mapper;
  readonly #disks = {
    disk: createMemoryDevice({ sectorCount: SECTORS, content: patternOf(1, 0, SECTORS) }),
    cow: createMemoryDevice({ sectorCount: COW_SECTORS }),
  };

  constructor() {
    this.mapper = new Mapper({
      disks: FLAKEY.map((name, at) => ({
        name: `raw-${name}`,
        number: `254:${at * 16}`,
        device: this.#disks[name],
      })),
    });
    for (const name of FLAKEY) this.mapper.createSync(name, this.#line(name, "180 0"));
    this.open();
  }

  #line(name: (typeof FLAKEY)[number], rest: string): string {
    return `0 ${this.#disks[name].sectorCount} flakey raw-${name} 0 ${rest}`;
  }

  #swap(rest: string): void {
    for (const name of FLAKEY) this.mapper.loadSync(name, this.#line(name, rest));
    for (const name of FLAKEY) this.mapper.suspendSync(name);
    for (const name of FLAKEY) this.mapper.resumeSync(name);
  }

  open(): void {
    this.mapper.createSync("snap", `0 ${SECTORS} snapshot disk cow P 8`);
    this.mapper.createSync("origin", `0 ${SECTORS} snapshot-origin disk`);
  }

  close(): void {
    this.mapper.removeSync("origin");
    this.mapper.removeSync("snap");
  }

  /** From now on nothing reaches the disks, and nobody is told. */
  cutPower(): void {
    this.#swap("0 180 1 drop_writes");
  }

  /** The devices as they were, over the disks as they are. */
  restorePower(): void {
    this.close();
    this.#swap("180 0");
    this.open();
  }

  write(name: "origin" | "snap", write: number, sector: number, count: number): void {
    this.mapper.device(name).writeSync(patternOf(write, sector, count), sector);
  }

  read(name: "origin" | "snap"): Uint8Array {
    return readOf(this.mapper.device(name), 0, SECTORS);
  }

  check(origin: Uint8Array, snapshot: Uint8Array): void {
    verifySectors(this.read("origin"), origin, 0, "origin");
    verifySectors(this.read("snap"), snapshot, 0, "snap");
    assertEquals(/Invalid|Overflow/.test(this.mapper.status("snap").join()), false);
  }
}

test("what was there at the cut is there after it, and nothing that came later", () => {
  const stack = new PowerCutStack();
  stack.write("origin", 2, 10, 30);
  stack.write("snap", 3, 100, 4);
  const [origin, snapshot] = [stack.read("origin"), stack.read("snap")];
  const status = stack.mapper.status("snap");
  stack.cutPower();
  stack.write("origin", 4, 0, SECTORS);
  stack.write("snap", 5, 0, 50);
  stack.mapper.device("origin").flushSync();
  stack.mapper.device("snap").flushSync();
  stack.restorePower();
  stack.check(origin, snapshot);
  assertEquals(stack.mapper.status("snap"), status);
  verifySectors(snapshot.subarray(0, 50 * 512), patternOf(1, 0, 50), 0, "as at its creation");
  stack.write("origin", 6, 0, SECTORS);
  stack.check(patternOf(6, 0, SECTORS), snapshot);
});

test("cut again and again, by seed, the snapshot reads as at the last cut", () => {
  for (let seed = 0; seed < 20; seed++) {
    const prng = Prng.fromSeed(`power cut/${seed}`);
    const stack = new PowerCutStack();
    let number = 1;
    const work = (count: number) => {
      for (; count > 0; count--) {
        const sector = prng.int(SECTORS);
        const length = prng.intBetween(1, Math.min(20, SECTORS - sector));
        stack.write(prng.pick(["origin", "snap"]), ++number, sector, length);
      }
    };
    for (let cut = 0; cut < 4; cut++) {
      work(prng.int(10));
      const [origin, snapshot] = [stack.read("origin"), stack.read("snap")];
      stack.cutPower();
      work(prng.int(10));
      stack.restorePower();
      stack.check(origin, snapshot);
    }
  }
});

describe("other swaps under a live snapshot", () => {
  const swapped = (rest: string) => {
    const stack = new PowerCutStack();
    stack.write("snap", 3, 100, 4);
    const before = [stack.read("origin"), stack.read("snap")] as const;
    stack.mapper.loadSync("cow", `0 ${COW_SECTORS} flakey raw-cow 0 ${rest}`);
    stack.mapper.resumeSync("cow");
    return { stack, before };
  };

  test("a COW device that fails writes makes the snapshot invalid, not the origin fail", () => {
    const { stack } = swapped("0 180 1 error_writes");
    stack.write("origin", 4, 0, SECTORS);
    assertEquals(stack.mapper.status("snap"), [`0 ${SECTORS} snapshot Invalid`]);
    verifySectors(stack.read("origin"), patternOf(4, 0, SECTORS), 0, "origin");
    assertThrows(() => stack.read("snap"), BlockDeviceError);
  });

  test("one that fails reads fails those of the snapshot, until it is swapped back", () => {
    const { stack, before } = swapped("0 180 1 error_reads");
    assertThrows(() => stack.read("snap"), BlockDeviceError, "is down");
    verifySectors(stack.read("origin"), before[0], 0, "origin");
    stack.mapper.loadSync("cow", `0 ${COW_SECTORS} flakey raw-cow 0 180 0`);
    stack.mapper.resumeSync("cow");
    stack.check(...before);
  });
});
