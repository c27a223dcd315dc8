import { createServer } from "node:net";
import { checkPort, explainFailure, PortUnavailableError } from "@tidemark/schema-registry/fastify";
import { describe, expect, test } from "vitest";

const host = "127.0.0.1";

describe("checkPort", () => {
  test("lets a free port pass, and leaves it free", async () => {
    for (let round = 0; round < 2; round++) await checkPort({ host, port: 0, variable: "PORT" });
  });

  test("names the port that another program holds, and the variable that chooses another", async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, host, () => {
        const address = other.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    try {
      const check = checkPort({ host, port, variable: "PORT" });
      await expect(check).rejects.toThrow(PortUnavailableError);
      await expect(check).rejects.toThrow(
        `Port ${port} is in use by another program: free it, or choose another with PORT=<port>.`,
      );
    } finally {
      other.close();
    }
  });

  test("names an address that this machine does not have", async () => {
    // A documentation address: nobody has it.
    const check = { host: "192.0.2.1", port: 0, variable: "PORT" };
    await expect(checkPort(check)).rejects.toThrow(/^This machine has no address 192\.0\.2\.1\.$/);
    await expect(checkPort({ ...check, hostVariable: "HOST" })).rejects.toThrow(/correct HOST/);
  });
});

describe("explainFailure", () => {
  class MissingFileError extends Error {}

  test("says one sentence of what its user can mend", () => {
    const expected = [MissingFileError];
    expect(explainFailure(new MissingFileError("there is no file a"), expected)).toBe("There is no file a.");
    expect(explainFailure(new PortUnavailableError("Port 1 is in use."), expected)).toBe("Port 1 is in use.");
    const several = new AggregateError([new MissingFileError("one"), new MissingFileError("two")]);
    expect(explainFailure(several, expected)).toBe("One.\nTwo.");
  });

  test("shows the stack of what nobody expected", () => {
    expect(explainFailure(new MissingFileError("a"), [])).toContain("check-port.test.ts");
    expect(explainFailure("text", [])).toBe("text");
  });
});
