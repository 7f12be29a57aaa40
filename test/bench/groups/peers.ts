/**
 * The command line beside other people's programs. Where they are not there it says so instead.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { packageAdvice } from "../../setup.ts";
import {
  checkPeers,
  compareImages,
  exportImage,
  mapImage,
  mergeImage,
} from "../contests/image_peers.ts";
import { FEW, race, type Row } from "../harness/row.ts";

/** The rows. */
export function* peerRows(): Generator<Row> {
  const advice = packageAdvice("nbdClients");
  if (advice !== null) return console.log(`not measured: ${advice}`);
  checkPeers();
  yield race(exportImage(), FEW, 0.7);
  yield race(mergeImage(), FEW);
  yield race(mapImage(), FEW);
  yield race(compareImages(), FEW);
}
