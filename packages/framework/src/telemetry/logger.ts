export { silentLogger, type Logger } from "@tidemark/schema-registry/client";
