export type ServerSettings = Readonly<Record<string, string | number | boolean>>;

const always: ServerSettings = {
  listen_addresses: "127.0.0.1",
  // A socket file would need a folder whose path fits into 107 bytes, and nobody connects through it.
  unix_socket_directories: "",
  max_connections: 200,
  timezone: "UTC",
  log_timezone: "UTC",
  max_wal_size: "4GB",
  log_checkpoints: false,
  jit: false,
};

const notDurable: ServerSettings = {
  fsync: false,
  synchronous_commit: false,
  full_page_writes: false,
  checkpoint_timeout: "30min",
};

/** The text of the settings file that is written before each start. */
export function settingsText(durable: boolean, further: ServerSettings): string {
  const settings = { ...always, ...(durable ? {} : notDurable), ...further };
  const lines = Object.entries(settings).map(([name, value]) => {
    const text = typeof value === "boolean" ? (value ? "on" : "off") : String(value);
    return `${name} = '${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
  });
  return [
    "# Written at each start; put settings of your own into postgresql.conf below the include.",
    ...lines,
    "",
  ].join("\n");
}
