package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.synod.formats.Golden;
import io.synod.group.Member;
import io.synod.paxos.MemberChange;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What nodes of other releases ask and answer about members: {@code formats/members.txt}. */
class MemberFormatTest {
    private static final UUID DIRECTORY = new UUID(5, 6);

    private static Map<String, Object> messages() {
        Map<String, Object> messages = new LinkedHashMap<>();
        for (MemberChange.Kind kind : MemberChange.Kind.values()) {
            messages.put(kind.name(), new MemberChange(kind, "d", DIRECTORY, "10.0.0.4:7101", 4));
        }
        for (MemberChange.Refusal refusal : MemberChange.Refusal.values()) {
            messages.put(refusal.name(), refusal);
        }
        messages.put(
                "standing",
                new Standing(
                        true,
                        false,
                        true,
                        List.of(new Standing.Other(17, true, 3, true)),
                        List.of(
                                new Member(1, "a", Member.UNSEEN, Member.Role.VOTER, "10.0.0.1:7101"),
                                new Member(4, "d", DIRECTORY, Member.Role.LEARNER, "10.0.0.4:7101")),
                        2,
                        "why"));
        return messages;
    }

    /** Of a later release, which has one more. It must not pass for done. */
    @Test
    void a_reason_that_this_release_does_not_know_is_one() {
        byte[] answer = MemberMessages.answer(MemberChange.Refusal.NOT_LEADING);
        answer[answer.length - 1] = 'X';
        assertEquals(MemberChange.Refusal.NOT_KNOWN, MemberMessages.decodeAnswer(answer));
    }

    @Test
    void messages_of_all_releases_are_understood() throws Exception {
        Golden.of(MemberFormatTest.class, "/formats/members.txt").check(messages(), new Golden.Format<Object>() {
            @Override
            public byte[] encode(Object message) {
                if (message instanceof Standing standing) {
                    return standing.encode(DIRECTORY, "d").getBytes(StandardCharsets.UTF_8);
                }
                return message instanceof MemberChange change
                        ? MemberMessages.encode(change)
                        : MemberMessages.answer((MemberChange.Refusal) message);
            }

            @Override
            public Object decode(byte[] bytes) {
                if (!MemberMessages.isOne(bytes)) {
                    return Standing.decode(new String(bytes, StandardCharsets.UTF_8), DIRECTORY);
                }
                try {
                    return MemberMessages.decode(bytes);
                } catch (IllegalArgumentException e) {
                    return MemberMessages.decodeAnswer(bytes);
                }
            }
        });
    }
}
