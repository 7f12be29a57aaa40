/**
 * What a target is: a rule that decides where a request goes, and does no I/O while deciding.
 *
 * A mapped device puts its request into a {@linkcode Mapping} and asks the target, which answers for
 * a prefix of the request with one of
 *
 * | answer | meaning |
 * |---|---|
 * | `remapped` | these sectors are those sectors of that device: the common answer |
 * | `planned` | perform this plan; it tells how many sectors it dealt with. 0: now ask me again |
 * | `ended` | these sectors need nothing |
 *
 * or throws a `BlockDeviceError`, which is dm's "kill". The mapped device performs the answer and
 * asks again until the request is done. "Ask again" is dm's retry: a plan that only had to prepare
 * something leaves the request to the next, now simpler, answer.
 *
 * Between the answer and the start of its I/O nothing else runs, so an answer is never stale.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../block/device.ts";
import type { Plan } from "../block/plan.ts";
import type { ChunkFence } from "../exception/chunk_fence.ts";
import type { ExceptionTable } from "../exception/exception_table.ts";

/** What a request does. A flush is not mapped: see {@linkcode Target.planFlush}. */
export type RequestKind = "read" | "write" | "zero" | "discard";

/** A request and the target's answer. One is reused for all requests of a mapped device. */
export class Mapping {
  // The request.
  /** What it does. */
  kind: RequestKind = "read";
  /** The first sector, as the target counts. */
  sector = 0;
  /** How many sectors are left of it. */
  sectorCount = 0;
  /** For `write`: the bytes of exactly these sectors. They do not change while a plan runs. */
  source: Uint8Array | null = null;
  /** For `read`: where the bytes of exactly these sectors go. A plan fills it. */
  target: Uint8Array | null = null;
  /** The write must be durable when it ends. */
  fua = false;
  /** It must end at once: a plan that would have to wait fails with `EAGAIN`. */
  isSync = false;

  // The answer.
  /** Which of the three. */
  answer: "remapped" | "planned" | "ended" = "ended";
  /** How many sectors, from the first on, the answer is for. */
  answeredSectors = 0;
  /** `remapped`: the device. */
  device: BlockDevice | null = null;
  /** `remapped`: the first sector there. */
  deviceSector = 0;
  /** `remapped`: what the I/O is kept track of by while it is under way, if anything. */
  fence: ChunkFence | null = null;
  /** `remapped`, with a fence: the first chunk touched. */
  fenceFirst = 0;
  /** `remapped`, with a fence: the last chunk touched. */
  fenceLast = 0;
  /** `planned`: what to do. */
  plan: Plan<number> | null = null;

  /**
   * Answers "there".
   *
   * @param device The device.
   * @param deviceSector The first sector there.
   * @param sectorCount For how many sectors.
   */
  remap(device: BlockDevice, deviceSector: number, sectorCount: number): void {
    this.answer = "remapped";
    this.device = device;
    this.deviceSector = deviceSector;
    this.answeredSectors = sectorCount;
    this.fence = null;
  }

  /**
   * Adds to a `remapped` answer that others may have to wait for its I/O.
   *
   * @param fence Where they wait.
   * @param first The first chunk touched.
   * @param last The last chunk touched.
   */
  track(fence: ChunkFence, first: number, last: number): void {
    this.fence = fence;
    this.fenceFirst = first;
    this.fenceLast = last;
  }

  /**
   * Answers "do this".
   *
   * @param plan What to do; its result is how many sectors it dealt with.
   */
  submit(plan: Plan<number>): void {
    this.answer = "planned";
    this.plan = plan;
  }

  /**
   * Answers "done".
   *
   * @param sectorCount For how many sectors.
   */
  end(sectorCount: number): void {
    this.answer = "ended";
    this.answeredSectors = sectorCount;
  }
}

/** A rule for one stretch of a mapped device. */
export interface Target {
  /** dm's name of the rule, for example `snapshot`. */
  readonly type: string;
  /** How many sectors it is for. */
  readonly sectorCount: number;
  /** What it can do, derived from the devices below. */
  readonly supports: DeviceSupports;
  /** Sizes that requests must keep to, derived from the devices below. */
  readonly limits: DeviceLimits;
  /** The devices below. */
  readonly devices: readonly BlockDevice[];
  /** Its exceptions, if it is a snapshot or a merge; `null` after they were handed over. */
  readonly exceptions?: ExceptionTable | null;
  /** Set by the mapped device: called when something worth waking a waiter has happened. */
  onEvent: () => void;
  /**
   * Decides. No I/O, no waiting.
   *
   * @param request Read for the request, written with the answer.
   */
  map(request: Mapping): void;
  /** Makes durable what ended writes left behind. */
  planFlush(): Plan;
  /** Whether an asynchronous request is under way that a synchronous write would have to wait for. */
  isBusy(): boolean;
  /** The words behind `start length type` in dm's status line. */
  status(): string;
  /** The words behind `start length type` in dm's table line. */
  table(): string;
  /** What stopped the target's own work, while its status says that it did. */
  readonly failure?: unknown;
  /** dm's message; left out where the target takes none. */
  message?(words: readonly string[]): string;
  /** Before suspension, with I/O still allowed: background work stops here. */
  presuspend?(): Plan;
  /** After all I/O has ended. */
  postsuspend?(): void;
  /** May refuse the resumption. */
  preresume?(): void;
  /** Takes up work. Synchronous state changes only happen here, so a switch of tables is atomic. */
  resume?(): Plan;
  /** Work of its own that goes on between resumption and suspension: merging. */
  background?(): Plan;
  /** The last call. Does not close the devices below. */
  destroy(): Plan;
}
