package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.H2Store;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.replica.ReplicatedLog;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CurrentMembersTest {
    private Members committed;

    private static Members of(int... slots) {
        return new Members(IntStream.of(slots)
                .mapToObj(slot -> new Member(slot, "n" + slot, Member.UNSEEN, Member.Role.VOTER, "h:" + slot))
                .toList());
    }

    /** What begins later begins with the first ones, and nothing else is agreed upon. */
    @Test
    void it_is_known_when_the_first_members_cannot_begin_a_database_any_more() throws Exception {
        H2Store store = H2Store.openMemory("shop", Map.of());
        try {
            HostedDatabase shop = new HostedDatabase("shop", "n1", store, 1_000);
            shop.attach((ReplicatedLog) Proxy.newProxyInstance(
                    ReplicatedLog.class.getClassLoader(),
                    new Class<?>[] {ReplicatedLog.class},
                    (proxy, method, args) -> switch (method.getName()) {
                        case "committedMembers" -> committed;
                        case "commitIndex", "appliedIndex" -> 0L;
                        default -> throw new UnsupportedOperationException(method.getName());
                    }));
            Members first = of(1, 2, 3);
            NodePlace place = new NodePlace(first, 1, false);
            assertTrue(new CurrentMembers(place, Map::of).haveMajorityOf(first), "it is the first database");
            CurrentMembers members = new CurrentMembers(place, () -> CurrentMembers.logsOf(List.of(shop)));
            committed = of(1, 3, 4);
            assertTrue(members.haveMajorityOf(first));
            committed = of(1, 4, 5);
            assertFalse(members.haveMajorityOf(first));
        } finally {
            store.close();
        }
    }
}
