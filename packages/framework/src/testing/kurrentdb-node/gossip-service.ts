import { v5 as uuid } from "uuid";
import type { NodeContext, NodeService } from "./node-service.ts";
import type { gossip, grpc, shared } from "./protocol.ts";
import { uuidMessage } from "./uuid-wire.ts";

const namespace = "0e6dbb0b-9d2c-4f0e-9d8d-0a3a7f4e2c55";

export function gossipService({ protocol, cluster, clock }: NodeContext): NodeService {
  const { ClusterInfo, EndPoint, MemberInfo } = protocol.gossip;
  return {
    definition: protocol.gossipService,
    handlers: {
      read(
        _call: grpc.ServerUnaryCall<shared.Empty, gossip.ClusterInfo>,
        callback: grpc.sendUnaryData<gossip.ClusterInfo>,
      ) {
        const members = [...cluster.members].map((address) =>
          new MemberInfo()
            .setInstanceId(uuidMessage(protocol, uuid(`${address.host}:${address.port}`, namespace)))
            .setTimeStamp(String(clock.now() * 10_000))
            .setState(
              cluster.leader === address ? MemberInfo.VNodeState.LEADER : MemberInfo.VNodeState.FOLLOWER,
            )
            .setIsAlive(true)
            .setHttpEndPoint(new EndPoint().setAddress(address.host).setPort(address.port)),
        );
        callback(null, new ClusterInfo().setMembersList(members));
      },
    },
  };
}
