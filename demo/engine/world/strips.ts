/**
 * Strips: each device as a row of chunks, made from what the tables say and from the marks of what the
 * sectors hold.
 *
 * A strip that has not changed is the same object as before, so whoever draws can skip it; what has
 * changed is made anew from the chunks that were written, or whose exceptions are others.
 *
 * | | depends on |
 * |---|---|
 * | the origin | the disk's marks, its bad blocks |
 * | a snapshot | the disk's marks, the COW device's, its exceptions |
 * | a COW device | its marks, the snapshot's exceptions |
 *
 * Without power there are no tables; the exceptions are then read from the COW devices (see
 * `stored_exceptions.ts`), as opening them would.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { AreaLayout, type ExceptionRun } from "../../../src/mod.ts";
import { exceptionsOf } from "../play/beat_story.ts";
import { type Place, PLACES, type Strip } from "../scene.ts";
import type { Devices } from "./devices.ts";
import type { SectorMarks, SectorRange } from "./sector_marks.ts";
import { OriginSurface, relocatedChunks } from "./origin_surface.ts";
import { ORIGIN_NAME, type Stack } from "./stack.ts";
import { cowName, type SnapshotFacts, type World } from "./world.ts";

/** What strips are made from. */
export interface StripSource {
  readonly world: World;
  readonly devices: Devices;
  /** `null` without power. */
  readonly stack: Stack | null;
  /** By snapshot: the exceptions on its COW device, for when there is no stack. */
  readonly stored: ReadonlyMap<string, readonly ExceptionRun[]>;
}

/** Sectors that have changed; `null`: all of them. */
type Changed = readonly SectorRange[] | null;

const NUMBERS = Object.fromEntries(PLACES.map((place, index) => [place, index])) as Readonly<
  Record<Place, number>
>;

/** Calls for every chunk that changed sectors lie in. */
function eachChunk(
  changed: Changed,
  chunkSectors: number,
  chunkCount: number,
  visit: (chunk: number) => void,
): void {
  if (changed === null) {
    for (let chunk = 0; chunk < chunkCount; chunk++) visit(chunk);
    return;
  }
  for (const { sector, sectorCount } of changed) {
    const last = Math.min(chunkCount - 1, Math.floor((sector + sectorCount - 1) / chunkSectors));
    for (let chunk = Math.floor(sector / chunkSectors); chunk <= last; chunk++) visit(chunk);
  }
}

function isSame(one: Strip, other: Strip): boolean {
  return one.table === other.table && one.status === other.status && one.health === other.health;
}

/** Copies what a strip shows, to change it. */
function copyCells({ generations, places }: Strip) {
  return { generations: generations.slice(), places: places.slice() };
}

function freshCells(chunkCount: number) {
  return { generations: new Uint16Array(chunkCount), places: new Uint8Array(chunkCount) };
}

/** The devices of a world, drawn. */
export class Strips {
  readonly #strips = new Map<string, Strip>();
  /** By snapshot: what its exceptions were when it was drawn last. */
  readonly #exceptions = new Map<string, { count: number; runs: readonly ExceptionRun[] }>();

  #surface: OriginSurface | null = null;

  /** Forgets everything: the next strips are made from nothing. */
  clear(): void {
    this.#strips.clear();
    this.#exceptions.clear();
  }

  /**
   * Draws.
   *
   * @param source What there is.
   * @returns The origin, then each snapshot followed by its COW device.
   */
  draw(source: StripSource): Strip[] {
    const { world, devices } = source;
    const surface = this.#surfaceOf(source);
    const diskChanged = this.#changeOf(surface, devices.disk.marks.takeChanged());
    const strips = [this.#origin(source, surface, diskChanged)];
    for (const snapshot of world.snapshots) {
      const cow = devices.get(cowName(snapshot));
      const cowChanged = cow.marks.takeChanged();
      const { runs, before } = this.#runsOf(snapshot, source);
      const isNew = before !== null;
      const cells = { surface, cowMarks: cow.marks, runs };
      // Exceptions are few: all of them are drawn again when any of them, or what they name, is another.
      const isOwnChanged = isNew || cowChanged === null || cowChanged.length > 0;
      const touched = isOwnChanged ? rangesOf([...before ?? [], ...runs], snapshot) : [];
      const seen = diskChanged === null ? null : [...diskChanged, ...touched];
      strips.push(
        this.#snapshot(source, snapshot, cells, seen),
        this.#cow(source, snapshot, cells, isNew ? null : cowChanged),
      );
    }
    for (const name of this.#strips.keys()) {
      if (strips.every((strip) => strip.name !== name)) this.#strips.delete(name);
    }
    return strips;
  }

  /** The origin's surface. Without power it is taken to be as it was. */
  #surfaceOf({ world, devices, stack }: StripSource): OriginSurface {
    const before = stack === null ? this.#surface?.relocated : undefined;
    return new OriginSurface(world, devices.disk.marks, before ?? relocatedChunks(world, stack));
  }

  /** What of the origin is to be drawn again: of one with spares all of it, for they are elsewhere. */
  #changeOf(surface: OriginSurface, changed: Changed): Changed {
    const isSame = this.#surface?.word === surface.word;
    this.#surface = surface;
    if (!isSame || changed === null) return null;
    return surface.relocated.size > 0 && changed.length > 0 ? null : changed;
  }

  #keep(next: Omit<Strip, "generations" | "places">, changed: Changed, draw: Draw): Strip {
    const before = this.#strips.get(next.name);
    const isFresh = before === undefined || before.chunkCount !== next.chunkCount ||
      before.chunkBytes !== next.chunkBytes;
    const isUntouched = changed !== null && changed.length === 0;
    if (!isFresh && isUntouched) {
      const strip = { ...next, generations: before.generations, places: before.places };
      if (isSame(before, strip)) return before;
      this.#strips.set(next.name, strip);
      return strip;
    }
    const cells = isFresh ? freshCells(next.chunkCount) : copyCells(before);
    draw(cells.generations, cells.places, isFresh ? null : changed);
    const strip = { ...next, ...cells };
    this.#strips.set(next.name, strip);
    return strip;
  }

  #origin({ world, stack }: StripSource, surface: OriginSurface, changed: Changed): Strip {
    const { sectorCount, chunkSectors, badChunks } = world.origin;
    const chunkCount = sectorCount / chunkSectors;
    const merging = world.snapshots.some(({ merge }) => merge === "going on");
    const strip = {
      name: ORIGIN_NAME,
      role: "origin",
      partner: undefined,
      origin: undefined,
      chunkBytes: chunkSectors * 512,
      chunkCount,
      table: stack?.tableLine(ORIGIN_NAME) ?? "",
      status: stack?.statusLine(ORIGIN_NAME) ?? "",
      health: stack === null ? "off" : merging ? "merging" : "valid",
    } as const;
    return this.#keep(strip, changed, (generations, places, range) => {
      eachChunk(range, chunkSectors, chunkCount, (chunk) => {
        generations[chunk] = surface.mark(chunk * chunkSectors, chunkSectors);
        places[chunk] = surface.relocated.has(chunk)
          ? NUMBERS.relocated
          : badChunks.includes(chunk)
          ? NUMBERS.bad
          : NUMBERS.shared;
      });
    });
  }

  #snapshot(
    { world, stack }: StripSource,
    snapshot: SnapshotFacts,
    { surface, cowMarks, runs }: Cells,
    changed: Changed,
  ): Strip {
    const { name, chunkSectors, isCache } = snapshot;
    const chunkCount = Math.ceil(world.origin.sectorCount / chunkSectors);
    const strip = {
      name,
      role: "snapshot",
      partner: cowName(snapshot),
      origin: ORIGIN_NAME,
      chunkBytes: chunkSectors * 512,
      chunkCount,
      table: stack?.tableLine(name) ?? "",
      status: stack?.statusLine(name) ?? "",
      health: healthOf(snapshot, stack),
    } as const;
    return this.#keep(strip, changed, (generations, places, range) => {
      const inOrigin = (chunk: number) => surface.mark(chunk * chunkSectors, chunkSectors);
      const own = new Set<number>();
      if (range !== null) { for (const run of runs) eachOf(run, (old) => own.add(old)); }
      eachChunk(range, chunkSectors, chunkCount, (chunk) => {
        if (own.has(chunk)) return;
        generations[chunk] = inOrigin(chunk);
        places[chunk] = NUMBERS.shared;
      });
      for (const run of runs) {
        eachOf(run, (oldChunk, newChunk) => {
          const count = Math.min(chunkSectors, world.origin.sectorCount - oldChunk * chunkSectors);
          const mark = cowMarks.chunkMark(newChunk * chunkSectors, count);
          const isCached = isCache && mark === inOrigin(oldChunk);
          generations[oldChunk] = mark;
          places[oldChunk] = isCached ? NUMBERS.cached : NUMBERS.own;
        });
      }
    });
  }

  #cow(
    { stack }: StripSource,
    snapshot: SnapshotFacts,
    { cowMarks, runs }: Cells,
    changed: Changed,
  ): Strip {
    const { name, chunkSectors, cowSectors, store } = snapshot;
    const chunkCount = Math.ceil(cowSectors / chunkSectors);
    const layout = new AreaLayout(chunkSectors);
    const strip = {
      name: cowName(snapshot),
      role: "cow",
      partner: name,
      origin: undefined,
      chunkBytes: chunkSectors * 512,
      chunkCount,
      table: `0 ${cowSectors} linear /dev/medium`,
      status: "",
      health: stack === null ? "off" : "valid",
    } as const;
    return this.#keep(strip, changed, (generations, places, range) => {
      eachChunk(range, chunkSectors, chunkCount, (chunk) => {
        const sector = chunk * chunkSectors;
        const mark = cowMarks.chunkMark(sector, Math.min(chunkSectors, cowSectors - sector));
        generations[chunk] = mark;
        const isMetadata = store !== "N" && layout.isMetadataChunk(chunk);
        places[chunk] = chunk === 0 && isMetadata && mark !== 0
          ? NUMBERS.header
          : isMetadata && (mark !== 0 || chunk === 1)
          ? NUMBERS.area
          : mark === 0
          ? NUMBERS.free
          : NUMBERS.stale;
      });
      for (const run of runs) {
        eachOf(run, (_, newChunk) => {
          if (newChunk < chunkCount) places[newChunk] = NUMBERS.data;
        });
      }
    });
  }

  /** A snapshot's exceptions, and those from before if they were others. */
  #runsOf(snapshot: SnapshotFacts, { stack, stored }: StripSource) {
    const table = exceptionsOf(snapshot, stack);
    const before = this.#exceptions.get(snapshot.name);
    if (stack !== null && table !== null && before?.count === table.exceptionCount) {
      return { runs: before.runs, before: null };
    }
    const runs = table?.runs() ?? (stack === null ? stored.get(snapshot.name) : undefined) ?? [];
    const count = runs.reduce((sum, run) => sum + run.count, 0);
    this.#exceptions.set(snapshot.name, { count, runs });
    return { runs, before: before?.runs ?? [] };
  }
}

function rangesOf(
  runs: readonly ExceptionRun[],
  { chunkSectors }: SnapshotFacts,
): SectorRange[] {
  return runs.map(({ oldChunk, count }) => ({
    sector: oldChunk * chunkSectors,
    sectorCount: count * chunkSectors,
  }));
}

interface Cells {
  readonly surface: OriginSurface;
  readonly cowMarks: SectorMarks;
  readonly runs: readonly ExceptionRun[];
}

type Draw = (generations: Uint16Array, places: Uint8Array, changed: Changed) => void;

function eachOf(
  { oldChunk, newChunk, count }: ExceptionRun,
  visit: (oldChunk: number, newChunk: number) => void,
): void {
  for (let index = 0; index < count; index++) visit(oldChunk + index, newChunk + index);
}

function healthOf(snapshot: SnapshotFacts, stack: Stack | null): Strip["health"] {
  if (stack === null) return "off";
  if (snapshot.merge === "going on") return "merging";
  const words = stack.statusWords(snapshot.name);
  if (words === "Invalid" || words === "") return "invalid";
  if (words === "Overflow") return "overflow";
  const isEmpty = stack.tableOf(snapshot.name)?.exceptionCount === 0;
  return snapshot.merge === "done" && isEmpty ? "merged" : "valid";
}
