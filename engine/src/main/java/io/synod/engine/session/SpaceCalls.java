package io.synod.engine.session;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.H2Store;
import io.synod.replica.Snapshots.Header;
import java.util.concurrent.TimeUnit;
import org.h2.result.ResultInterface;
import org.h2.result.SimpleResult;
import org.h2.value.TypeInfo;
import org.h2.value.Value;
import org.h2.value.ValueBigint;
import org.h2.value.ValueNull;
import org.h2.value.ValueVarchar;

/** {@code CALL SYNOD.SPACE()}, {@code SYNOD.RECLAIM()} and {@code SYNOD.SCRUB()}: of the node that the session is on. */
final class SpaceCalls {
    private SpaceCalls() {}

    static ResultInterface space(HostedDatabase database) {
        H2Store.Space space = database.store().space();
        Header origin = database.store().origin();
        SimpleResult rows = new SimpleResult();
        rows.addColumn("NODE", TypeInfo.TYPE_VARCHAR);
        rows.addColumn("FILE_BYTES", TypeInfo.TYPE_BIGINT);
        rows.addColumn("FILL_PERCENT", TypeInfo.TYPE_BIGINT);
        rows.addColumn("CHECKPOINT_INDEX", TypeInfo.TYPE_BIGINT);
        rows.addColumn("SNAPSHOT_INDEX", TypeInfo.TYPE_BIGINT);
        rows.addColumn("REBUILT", TypeInfo.TYPE_VARCHAR);
        rows.addRow(
                ValueVarchar.get(database.node()),
                ValueBigint.get(space.bytes()),
                ValueBigint.get(space.fillPercent()),
                ValueBigint.get(database.storage().checkpointIndex()),
                origin == null ? ValueNull.INSTANCE : ValueBigint.get(origin.index()),
                text(database.rebuilt()));
        return rows;
    }

    /** No row's numbers where it was not possible just now. */
    static ResultInterface reclaim(HostedDatabase database) {
        H2Store.Reclaimed reclaimed = database.administration().reclaimForClient();
        SimpleResult rows = new SimpleResult();
        rows.addColumn("NODE", TypeInfo.TYPE_VARCHAR);
        rows.addColumn("BYTES_BEFORE", TypeInfo.TYPE_BIGINT);
        rows.addColumn("BYTES_AFTER", TypeInfo.TYPE_BIGINT);
        rows.addColumn("PAUSE_MILLIS", TypeInfo.TYPE_BIGINT);
        rows.addRow(
                ValueVarchar.get(database.node()),
                reclaimed == null ? ValueNull.INSTANCE : ValueBigint.get(reclaimed.before()),
                reclaimed == null ? ValueNull.INSTANCE : ValueBigint.get(reclaimed.after()),
                reclaimed == null
                        ? ValueNull.INSTANCE
                        : ValueBigint.get(TimeUnit.NANOSECONDS.toMillis(reclaimed.pauseNanos())));
        return rows;
    }

    static ResultInterface scrub(ScrubCommands scrubber) {
        SimpleResult rows = new SimpleResult();
        rows.addColumn("NODE", TypeInfo.TYPE_VARCHAR);
        rows.addColumn("FILE_NAME", TypeInfo.TYPE_VARCHAR);
        rows.addColumn("BYTES", TypeInfo.TYPE_BIGINT);
        rows.addColumn("DAMAGE", TypeInfo.TYPE_VARCHAR);
        rows.addColumn("DONE", TypeInfo.TYPE_VARCHAR);
        for (ScrubCommands.Scrubbed each : scrubber.scrub()) {
            rows.addRow(
                    text(each.node()),
                    text(each.file()),
                    ValueBigint.get(each.bytes()),
                    text(each.damage()),
                    text(each.done()));
        }
        return rows;
    }

    private static Value text(String text) {
        return text == null ? ValueNull.INSTANCE : ValueVarchar.get(text);
    }
}
