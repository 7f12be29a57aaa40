/**
 * What makes no sense in a slot of a bad-block table: the rules for whoever loads a table, and for
 * whoever checks one. A table may be anything at all; no number of it is used before it is here.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { RelocationLayout } from "./relocation_store.ts";
import { SLOTS_PER_SECTOR, type TableSector } from "./table_sector.ts";

/**
 * What is wrong with a slot.
 *
 * @param layout Where everything lies.
 * @param sector A sector of the table, whose frame is whole.
 * @param slotIndex Which of its slots.
 * @param tableIndex Which sector of the table it is.
 * @returns The end of the sentence "it …", or `null` when the slot makes sense.
 */
export function slotFault(
  { startSector, sectorCount, blockSectors, spareSector, spareCount }: RelocationLayout,
  sector: TableSector,
  slotIndex: number,
  tableIndex: number,
): string | null {
  const spare = tableIndex * SLOTS_PER_SECTOR + slotIndex;
  const ownSector = spareSector + spare * blockSectors;
  const slot = sector.slot(slotIndex, ownSector);
  if (slot === "free") return null;
  const fault = (why: string) => `has ${sector.describeSlot(slotIndex)} in slot ${spare}: ${why}`;
  if (spare >= spareCount) return fault(`there are only ${spareCount} spares`);
  if (slot === null) return fault(`want spare sector ${ownSector}`);
  if (slot === "retired") return null;
  if (slot < startSector || slot >= startSector + sectorCount) {
    return fault(`want a sector from ${startSector} to ${startSector + sectorCount - 1}`);
  }
  if ((slot - startSector) % blockSectors === 0) return null;
  return fault(`want the first sector of a block of ${blockSectors}`);
}
