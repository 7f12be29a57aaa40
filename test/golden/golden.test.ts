/** One test for each vector, and tests that the comparison itself would notice. */
import { assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { compare, isSame } from "./comparison.ts";
import { transcribeReference } from "./hazards.ts";
import { randomVector } from "./random_vector.ts";
import { type Quirk, QUIRK_NAMES } from "./reference/quirks.ts";
import { replay } from "./replay.ts";
import { imagesIn, listVectors, readVector, VECTOR_FOLDER } from "./vector_folder.ts";

const readImage = imagesIn(VECTOR_FOLDER);

for (const path of listVectors(VECTOR_FOLDER)) {
  const name = basename(path, ".json");
  test(`${name}: we answer as Linux did, but for hazards that are explained`, async () => {
    const report = await replay(readVector(path), { readImage, face: "sync" });
    assertEquals(report.faults, []);
    expect(report.failures).toEqual([]);
    assertGreater(report.compared, 0);
  });
}

const vectorOf = (name: string) => readVector(`${VECTOR_FOLDER}/${name}.json`);

for (const name of ["basic-8", "merge-handover", "overflow-PO-snap", "two-snaps"]) {
  test(`${name}: the asynchronous face answers as the synchronous one`, async () => {
    const report = await replay(vectorOf(name), { readImage, face: "async" });
    expect(report.failures).toEqual([]);
  });
}

for (const path of listVectors(VECTOR_FOLDER).filter((path) => !path.includes("area-64"))) {
  const vector = readVector(path);
  test(`${vector.name}: the careless reference is the kernel`, async () => {
    const { entries } = await transcribeReference(vector, readImage, QUIRK_NAMES);
    // It flushes nothing and does not group, so of a trace it only leaves the footprint.
    const { differences } = compare(vector, entries);
    expect(differences.filter(({ found, recorded }) => !isSame(found, recorded))).toEqual([]);
  });
}

test("on random vectors we answer as the reference does, strictly", async () => {
  const RANDOM_VECTORS = 24;
  for (let seed = 1; seed <= RANDOM_VECTORS; seed++) {
    const vector = await randomVector(seed);
    const { failures } = await replay(vector, {
      readImage,
      face: seed % 2 === 0 ? "sync" : "async",
    });
    expect(failures, `deno task test:golden --random=${seed}`).toEqual([]);
  }
});

test("a hazard is only what the reference explains", async () => {
  const met: Record<string, Quirk[]> = {
    "area-end-258": ["H4"],
    "discard-misaligned": ["H7"],
    "errors-metadata": ["H2", "H5"],
    "errors-table": ["H1"],
    "io-errors": ["H1"],
    "io-order": ["H7", "in-flight"],
    "origin-first": ["origin-first"],
  };
  for (const [name, quirks] of Object.entries(met)) {
    const { hazards } = await replay(vectorOf(name), { readImage, face: "sync" });
    assertEquals([...hazards.keys()].sort(), quirks, name);
  }
});

test("a wrong answer, a wrong log line, a wrong image and a wrong trace are noticed", async () => {
  const spoil: [string, (vector: ReturnType<typeof readVector>) => void][] = [
    ["basic-8", ({ boots: [boot] }) => {
      const op = boot?.ops.find(({ op, out }) => op.startsWith("dm status") && out);
      if (op !== undefined) op.out = op.out?.replace("16", "17") ?? "";
    }],
    ["overflow-P-snap", ({ boots: [boot] }) => {
      const op = boot?.ops.find(({ kmsg }) => kmsg !== undefined);
      if (op !== undefined) delete op.kmsg;
    }],
    ["tail-8", ({ boots: [boot] }) => {
      if (boot !== undefined) boot.after["vdb"] = { sha256: "0".repeat(64) };
    }],
    ["io-order", ({ boots: [boot] }) => {
      const op = boot?.ops.find(({ op, out }) => op === "trace" && out?.includes("FWFS"));
      if (op !== undefined) op.out = op.out?.replace("FWFS 8", "FWFS 48") ?? "";
    }],
  ];
  for (const [name, spoilVector] of spoil) {
    const vector = vectorOf(name);
    spoilVector(vector);
    const { failures } = await replay(vector, { readImage, face: "sync" });
    assertNotEquals(failures, [], name);
  }
});
