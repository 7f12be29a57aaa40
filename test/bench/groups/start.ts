/**
 * Beginning: the first read, the first word of help, the weight of a page.
 *
 * @module
 */
import { bundleBytes, firstRead, help, kernelBytes } from "../contests/starts.ts";
import { amounts, FEW, race, type Row } from "../harness/row.ts";

/** The rows. */
export function* startRows(): Generator<Row> {
  yield race(firstRead(), FEW);
  yield { ...race(help(), FEW), mark: { of: "cost", limit: 200e6 } };
  yield amounts(
    "the kernel's .wasm, inside the bundle",
    "bytes",
    () => ({ cowdisk: kernelBytes() }),
  );
  yield amounts(
    "the least bundle of a page: a memory device, an origin, a snapshot, the .wasm",
    "bytes",
    async () => {
      const { minified, gzipped } = await bundleBytes();
      return { minified, "minified and gzipped": gzipped };
    },
    { of: "cost", limit: 40_000 },
  );
}
