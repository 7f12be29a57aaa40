import { expect, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { PartialCommit } from "../../../../src/exception/store/exception_store.ts";

test("a commit that failed midway has its cause's code and sentence, and says how far it came", () => {
  const cause = new BlockDeviceError("ENOSPC", "Cannot write: no room");
  const failure = new PartialCommit(7, cause);
  expect(failure).toBeInstanceOf(BlockDeviceError);
  expect(failure).toMatchObject({
    code: "ENOSPC",
    message: cause.message,
    committedCount: 7,
    cause,
  });
  expect(new PartialCommit(0, "what is this").code).toBe("EIO");
});
