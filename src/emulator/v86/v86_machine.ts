// deno-lint-ignore-file camelcase -- v86's own names
/**
 * A v86 emulator, as far as the adapter knows it: its public methods as types of ours, so that
 * nothing here needs v86 to compile.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** The public side of an emulator: v86's `V86` fits. */
export interface V86Machine {
  /** Calls a listener at an event. */
  add_listener(event: "emulator-loaded", listener: () => void): void;
  /** Ends that. */
  remove_listener(event: "emulator-loaded", listener: () => void): void;
  /** Whether the processor runs. */
  is_running(): boolean;
  /** Lets it run. */
  run(): Promise<void>;
  /** Stops it between two instructions. */
  stop(): Promise<void>;
  /** Presses the reset button. */
  restart(): void;
  /** Ends it for good. */
  destroy(): Promise<void>;
  /** Its state, drives included. */
  save_state(): Promise<ArrayBuffer>;
  /** Puts it into a state. */
  restore_state(state: ArrayBuffer): Promise<void>;
}

/** A member of an object that is not known to be one. */
export function memberOf(value: unknown, name: string): unknown {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject ? Reflect.get(value, name) : undefined;
}

/**
 * The inside of an emulator, which its types do not tell of.
 *
 * @param emulator The emulator.
 * @returns Its processor; `undefined` before it is loaded, or when it is somewhere else now.
 */
export function processorOf(emulator: V86Machine): unknown {
  return memberOf(memberOf(emulator, "v86"), "cpu");
}

/**
 * Waits until an emulator has its devices.
 *
 * @param emulator The emulator, as its constructor returned it, or later.
 */
export async function untilLoaded(emulator: V86Machine): Promise<void> {
  if (memberOf(memberOf(processorOf(emulator), "devices"), "ide") !== undefined) return;
  await new Promise<void>((resolve) => {
    const listener = () => {
      emulator.remove_listener("emulator-loaded", listener);
      resolve();
    };
    emulator.add_listener("emulator-loaded", listener);
  });
}
