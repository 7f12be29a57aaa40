/**
 * Exception tables on a bench: a source with a pattern, a destination, and what the table tells.
 */
import { runAsync, runSync } from "../../../src/block/plan.ts";
import {
  ExceptionTable,
  type ExceptionTableOptions,
  PersistentStore,
  type StoreType,
  type TableEvent,
  TransientStore,
} from "../../../src/exception/mod.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { Bench, type Disk } from "./rig.ts";

/** How a table and its devices are. */
export interface TableSetUp
  extends Partial<Omit<ExceptionTableOptions, "source" | "destination" | "store">> {
  readonly bench?: Bench;
  readonly source?: Disk;
  readonly cow?: Disk;
  readonly sourceSectors?: number;
  readonly cowSectors?: number;
  readonly chunkSectors?: number;
  readonly store?: StoreType;
  /** The table sees only the asynchronous face of its devices. */
  readonly isSlow?: boolean;
}

/** A table, its devices, and what it told. */
export interface TableBench {
  readonly bench: Bench;
  readonly source: Disk;
  readonly cow: Disk;
  readonly table: ExceptionTable;
  readonly events: TableEvent[];
  readonly log: string[];
}

function partsOf(options: TableSetUp) {
  const { bench = new Bench(), sourceSectors = 200, cowSectors = 400, chunkSectors = 8 } = options;
  const content = patternOf(1, 0, sourceSectors);
  const source = options.source ?? bench.disk("source", sourceSectors, { content });
  const cow = options.cow ?? bench.disk("cow", cowSectors);
  const face = options.isSlow ? "slow" : "device";
  const log: string[] = [];
  const tell = (line: string) => void log.push(line);
  const type = options.store ?? "P";
  const store = type === "N" ? new TransientStore(cow[face], chunkSectors) : new PersistentStore({
    cow: cow[face],
    source: source[face],
    chunkSectors,
    hasOverflow: type === "PO",
    log: tell,
  });
  const { bench: _, source: __, cow: ___, store: ____, isSlow: _____, ...rest } = options;
  const plan = ExceptionTable.open({
    ...rest,
    source: source[face],
    destination: cow[face],
    store,
    log: tell,
  });
  return { bench, source, cow, log, plan };
}

function tableBench(
  { bench, source, cow, log }: ReturnType<typeof partsOf>,
  table: ExceptionTable,
): TableBench {
  const events: TableEvent[] = [];
  table.onEvent = (event) => events.push(event);
  bench.trace = [];
  return { bench, source, cow, table, events, log };
}

/** Opens a table on devices that finish at once. */
export function openTable(options: TableSetUp = {}): TableBench {
  const parts = partsOf(options);
  return tableBench(parts, runSync(parts.plan).table);
}

/** Opens a table on devices whose requests end when they are let go. */
export async function openSlowTable(options: TableSetUp = {}): Promise<TableBench> {
  const parts = partsOf({ ...options, isSlow: true });
  const { table } = await parts.bench.settle(runAsync(parts.plan));
  return tableBench(parts, table);
}

/** What the source looks like through the table: complete exceptions first, then the source. */
export function viewThrough({ table, source, cow }: TableBench): Uint8Array {
  const { chunkSectors } = table;
  const view = source.bytes.slice();
  for (let sector = 0; sector < view.length / 512; sector += chunkSectors) {
    const newChunk = table.find(sector / chunkSectors, 1);
    if (newChunk < 0) continue;
    const from = newChunk * chunkSectors * 512;
    const count = Math.min(chunkSectors * 512, view.length - sector * 512);
    view.set(cow.bytes.subarray(from, from + count), sector * 512);
  }
  return view;
}
