/**
 * A disk with the notebook on it, and what is said to it.
 *
 * @module
 */
import type { BlockDevice } from "../../src/mod.ts";
import type { GuestMachine } from "./machine.ts";

/** Sectors of the notebook's disk. */
export const NOTEBOOK_SECTORS = 256;

/** Puts the notebook on a disk that is empty. */
export async function installNotebook(device: BlockDevice, bytes: Uint8Array): Promise<void> {
  await device.write(bytes, 0, { fua: true });
}

/** Waits until it asks for the first note. Returns the notes that it found. */
export async function openNotebook(machine: GuestMachine, start = 0): Promise<string[]> {
  return notesIn(await machine.hears(/NOTEBOOK[^]*\n> $/, start));
}

/** Takes a note. */
export async function takeNote(machine: GuestMachine, text: string): Promise<string> {
  return await machine.converse(`${text}\r`, /(saved|DISK ERROR)\r\n> $/);
}

/** Lists all notes. */
export async function listNotes(machine: GuestMachine): Promise<string[]> {
  return notesIn(await machine.converse("\r", /NOTEBOOK[^]*\n> $/));
}

function notesIn(said: string): string[] {
  return [...said.slice(said.lastIndexOf("NOTEBOOK")).matchAll(/^\* (.*)\r$/gm)].map(
    ([, note]) => note ?? "",
  );
}
