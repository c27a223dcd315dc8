import type { OpenStorage } from "@tidemark/framework";
import { openStorage, type StorageSettings } from "./open-storage.ts";

/** What the rebuild thread imports: a client of KurrentDB cannot be copied there. */
const reopenStorage: OpenStorage<{ readonly settings: StorageSettings; readonly database: string }> = async (
  { settings, database },
  logger,
) => {
  const storage = await openStorage(settings, logger);
  return storage.over(database);
};

export default reopenStorage;
