/**
 * The cases: what is asked of Linux and cowdisk, and what they must agree on.
 *
 * | case | what it asks |
 * |---|---|
 * | crossing | one machine writes; both read the same; both merge to the same bytes |
 * | twins | both do the same writes on pairs of their own; the COW images are equal byte by byte |
 * | together | one machine writes with many requests under way; both read what the model holds |
 * | relay | the pair goes to and fro, each machine adding writes, one status and one view after each leg |
 * | half-merged | one machine merges until somewhere in the middle; the other reads, then goes on |
 * | overflow | the COW device is too small; both refuse the same writes and say the same |
 * | by hand | a COW image made here, from the format's description; both read what it says |
 * | power cut | one machine loses its power under load; both find the snapshot, and the same one |
 * | canary | a COW image is damaged on purpose: this harness must notice |
 *
 * "Agree" is: the views are equal byte by byte, and equal to the model's; the status lines are equal
 * letter by letter; the origins are equal to the model's.
 */

import {
  assertAgree,
  assertBytes,
  assertMerges,
  assertRecovered,
  assertText,
} from "./agreement.ts";
import { HandmadeCow } from "./handmade_cow.ts";
import { type Activity, cutCowdisk } from "./cowdisk_power_cut.ts";
import type { Machine, Write } from "./machine.ts";
import { CHUNK_COUNTS, copyOfPair, makePair, type Pair } from "./pair.ts";
import { lookAt, merge, SnapshotSession } from "./snapshot_session.ts";
import { Model, Workload } from "./workload.ts";
import type { World } from "./world.ts";

/** One case. */
export interface Case {
  /** Unique; part of the seed. */
  readonly name: string;
  /** Fails with what the machines do not agree on. */
  run(world: World): Promise<void>;
}

const CHUNK_SIZES = Object.keys(CHUNK_COUNTS).map(Number);

const modelOf = ({ disk }: World, { origin }: Pair) => new Model(disk.read(origin));

function workloadOf(pair: Pair, count: number) {
  const { chunkSectors, origin: { sectorCount } } = pair;
  const spanMax = Math.max(2, Math.floor(sectorCount / chunkSectors / 10));
  return { originSectors: sectorCount, chunkSectors, count, spanMax };
}

/** One machine opens the pair, writes, and closes it. */
async function writeOn(
  machine: Machine,
  pair: Pair,
  model: Model,
  workload: Workload,
  count = 24,
): Promise<void> {
  const writes = workload.writes(workloadOf(pair, count));
  const session = await SnapshotSession.open(machine, pair);
  const done = await machine.write(writes);
  await session.close();
  for (const write of writes) model.apply(write);
  if (done.includes(false)) throw new Error(`${machine.name} refused write ${done.indexOf(false)}`);
}

function crossing(from: "linux" | "cowdisk", store: string, chunkSectors: number): Case {
  return {
    name: `crossing from ${from}, ${store} ${chunkSectors}`,
    async run(world) {
      const pair = makePair(world, { store, chunkSectors });
      const model = modelOf(world, pair);
      await writeOn(world[from], pair, model, new Workload(world.prng));
      await assertAgree(world, pair, model);
      await assertMerges(world, pair, model);
    },
  };
}

function twins(store: string, chunkSectors: number): Case {
  return {
    name: `twins, ${store} ${chunkSectors}`,
    async run(world) {
      const pair = makePair(world, { store, chunkSectors });
      const twin = copyOfPair(world.disk, pair);
      const model = modelOf(world, pair);
      const writes = new Workload(world.prng).writes(workloadOf(pair, 30));
      for (const [machine, own] of [[world.linux, pair], [world.cowdisk, twin]] as const) {
        const session = await SnapshotSession.open(machine, own);
        await machine.write(writes);
        await session.close();
      }
      for (const write of writes) model.apply(write);
      const cow = (own: Pair) => world.disk.read(own.cow);
      assertBytes("the COW images", cow(twin), cow(pair), "cowdisk", "Linux");
      await assertAgree(world, twin, model);
    },
  };
}

function together(from: "linux" | "cowdisk", store: string, chunkSectors: number): Case {
  return {
    name: `together on ${from}, ${store} ${chunkSectors}`,
    async run(world) {
      const pair = makePair(world, { store, chunkSectors });
      const model = modelOf(world, pair);
      const session = await SnapshotSession.open(world[from], pair);
      const workload = new Workload(world.prng);
      for (let round = 0; round < 3; round++) {
        const writes = workload.writesApart(workloadOf(pair, 12));
        await world[from].writeTogether(writes);
        for (const write of writes) model.apply(write);
      }
      await session.close();
      await assertAgree(world, pair, model);
      await assertMerges(world, pair, model);
    },
  };
}

function relay(store: string, chunkSectors: number): Case {
  return {
    name: `relay, ${store} ${chunkSectors}`,
    async run(world) {
      const pair = makePair(world, { store, chunkSectors });
      const model = modelOf(world, pair);
      const workload = new Workload(world.prng);
      for (let leg = 0; leg < 4; leg++) {
        await writeOn(leg % 2 === 0 ? world.cowdisk : world.linux, pair, model, workload);
        await assertAgree(world, pair, model);
      }
      await assertMerges(world, pair, model);
    },
  };
}

function halfMerged(first: "linux" | "cowdisk", store: string, chunkSectors: number): Case {
  return {
    name: `half-merged by ${first}, ${store} ${chunkSectors}`,
    async run(world) {
      // Many times what cowdisk merges in one step, 2 MiB.
      const chunkCount = Math.max(CHUNK_COUNTS[chunkSectors]!, 40_000 / chunkSectors);
      const pair = makePair(world, { store, chunkSectors, chunkCount });
      const model = modelOf(world, pair);
      const second = first === "linux" ? "cowdisk" : "linux";
      await writeOn(world[first], pair, model, new Workload(world.prng), 120);
      const status = await merge(world[first], pair, true);
      const [, allocated, metadata] = /^(\d+)\/\d+ (\d+)$/.exec(status) ?? [];
      if (allocated === undefined || allocated === metadata) {
        throw new Error(`The merge was not caught on the way: ${status}`);
      }
      // What is merged shows in the origin already, and in the snapshot still.
      model.origin.set(world.disk.read(pair.origin));
      await assertAgree(world, pair, model);
      await writeOn(world[second], pair, model, new Workload(world.prng));
      await assertAgree(world, pair, model);
      await assertMerges(world, pair, model);
    },
  };
}

function overflow(store: string, chunkSectors: number, device: "live" | "snap"): Case {
  return {
    name: `overflow by ${device}, ${store} ${chunkSectors}`,
    async run(world) {
      const { prng, disk } = world;
      const pair = makePair(world, { store, chunkSectors, dataChunks: prng.intBetween(5, 20) });
      const twin = copyOfPair(disk, pair);
      // One chunk at a time: of a larger write Linux may have done a part when it finds no room.
      const chunks = Array.from({ length: 25 }, (_, chunk) => chunk);
      const writes = [...prng.shuffle(chunks), ...chunks.slice(0, 5)].map((chunk) => {
        const sectorCount = prng.pick([chunkSectors, prng.intBetween(1, chunkSectors)]);
        return { device, sector: chunk * chunkSectors, bytes: prng.bytes(sectorCount * 512) };
      });
      const seen = [];
      for (const [machine, own] of [[world.linux, pair], [world.cowdisk, twin]] as const) {
        const session = await SnapshotSession.open(machine, own);
        const done = await machine.write(writes);
        const { status, view } = await session.look();
        await session.close();
        seen.push({ text: `${done.join()} ${status}`, view });
      }
      const [linux, cowdisk] = seen as [typeof seen[0], typeof seen[0]];
      assertText("what was refused, and the status", cowdisk.text, linux.text);
      assertBytes("the views", cowdisk.view, linux.view, "cowdisk", "Linux");
      assertBytes("the COW images", disk.read(twin.cow), disk.read(pair.cow), "cowdisk", "Linux");
      assertBytes(
        "the origins",
        disk.read(twin.origin),
        disk.read(pair.origin),
        "cowdisk",
        "Linux",
      );
      await assertAgree(world, pair, { origin: disk.read(pair.origin), snapshot: null });
    },
  };
}

function byHand(chunkSectors: number): Case {
  return {
    name: `by hand, P ${chunkSectors}`,
    async run(world) {
      const pair = makePair(world, { store: "P", chunkSectors });
      const model = modelOf(world, pair);
      const cow = new HandmadeCow(world.disk.read(pair.cow), chunkSectors);
      cow.fill(world.prng, model);
      world.disk.write(pair.cow, cow.bytes);
      await assertAgree(world, pair, model);
      // Linux keeps the junk behind the last record, cowdisk clears it.
      await assertMerges(world, pair, model, false);
    },
  };
}

/** After a cut: the snapshot is what it must be, and both machines say the same of it. */
async function assertSurvives(
  world: World,
  pair: Pair,
  model: Model,
  underWay: readonly Write[],
): Promise<void> {
  const { view } = await lookAt(world.cowdisk, pair);
  assertRecovered(view, model, underWay);
  const found = { origin: world.disk.read(pair.origin), snapshot: view! };
  await assertAgree(world, pair, found);
  // A torn area may have left records behind the last one: see `by hand`.
  await assertMerges(world, pair, found, false);
}

function linuxPowerCut(chunkSectors: number): Case {
  return {
    name: `power cut on linux while writing, P ${chunkSectors}`,
    async run(world) {
      const pair = makePair(world, { store: "P", chunkSectors });
      const model = modelOf(world, pair);
      const workload = new Workload(world.prng);
      await SnapshotSession.open(world.linux, pair);
      const ended = workload.writesApart(workloadOf(pair, 6));
      await world.linux.writeTogether(ended);
      for (const write of ended) model.apply(write);
      const underWay = workload.writesApart(workloadOf(pair, 12));
      const answer = world.linux.writeTogether(underWay).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, world.prng.int(200)));
      const linux = await world.cutPower();
      await answer;
      await assertSurvives({ ...world, linux }, pair, model, underWay);
    },
  };
}

function cowdiskPowerCut(activity: Activity, chunkSectors: number): Case {
  return {
    name: `power cut on cowdisk while ${activity}, P ${chunkSectors}`,
    async run(world) {
      const { disk, prng } = world;
      const pair = makePair(world, { store: "P", chunkSectors });
      const model = modelOf(world, pair);
      const remains = cutCowdisk(pair, model, disk.read(pair.cow), activity, prng);
      disk.write(pair.origin, remains.origin);
      disk.write(pair.cow, remains.cow);
      await assertSurvives(world, pair, model, remains.underWay);
    },
  };
}

function canary(chunkSectors: number): Case {
  return {
    name: `canary, P ${chunkSectors}`,
    async run(world) {
      const pair = makePair(world, { store: "P", chunkSectors });
      const model = modelOf(world, pair);
      await writeOn(world.cowdisk, pair, model, new Workload(world.prng));
      const cow = world.disk.read(pair.cow);
      const firstDataByte = 2 * chunkSectors * 512;
      cow[firstDataByte]! ^= 1;
      world.disk.write(pair.cow, cow);
      let complaint = "";
      await assertAgree(world, pair, model).catch((error) => complaint = String(error));
      if (!complaint.includes("the snapshot")) throw new Error("One wrong bit was not noticed");
    },
  };
}

/** All cases, cheap ones first. */
export const CASES: readonly Case[] = [
  canary(8),
  ...CHUNK_SIZES.flatMap((size) => [
    crossing("cowdisk", size % 3 === 1 ? "P" : "PO", size),
    crossing("linux", size % 3 === 1 ? "PO" : "P", size),
    twins("P", size),
  ]),
  ...[1, 8, 64].flatMap((size) => [
    together("cowdisk", "P", size),
    together("linux", "P", size),
    relay("PO", size),
    byHand(size),
  ]),
  ...[2, 16].flatMap((size) => [
    halfMerged("cowdisk", "P", size),
    halfMerged("linux", "P", size),
  ]),
  ...["P", "PO"].flatMap((store) => [overflow(store, 8, "snap"), overflow(store, 32, "live")]),
  ...[1, 8, 64].flatMap((size) => [
    cowdiskPowerCut("writing", size),
    cowdiskPowerCut("merging", size),
    linuxPowerCut(size),
  ]),
];
