package io.synod.engine.server;

import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.SysProperties;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.util.SmallMap;

/**
 * The commands and results that a client has open, by the ids that it gave them; what it has not used for long is dropped, as
 * H2's server does. Used by its connection's thread.
 */
final class OpenObjects {
    private final SmallMap objects = new SmallMap(SysProperties.SERVER_CACHED_OBJECTS);

    void add(int id, Object commandOrResult) {
        objects.addObject(id, commandOrResult);
    }

    /** @throws DbException 90007 when it is not open */
    CommandInterface command(int id) {
        if (objects.getObject(id, false) instanceof CommandInterface command) {
            return command;
        }
        throw DbException.get(ErrorCode.OBJECT_CLOSED);
    }

    /** @throws DbException 90007 when it is not open */
    ResultInterface result(int id) {
        if (objects.getObject(id, false) instanceof ResultInterface result) {
            return result;
        }
        throw DbException.get(ErrorCode.OBJECT_CLOSED);
    }

    /** @return {@code null} when the client has no such command */
    CommandInterface removeCommand(int id) {
        return remove(id, CommandInterface.class);
    }

    /** @return {@code null} when the client has no such result */
    ResultInterface removeResult(int id) {
        return remove(id, ResultInterface.class);
    }

    private <T> T remove(int id, Class<T> kind) {
        Object object = objects.getObject(id, true);
        if (!kind.isInstance(object)) {
            return null;
        }
        objects.freeObject(id);
        return kind.cast(object);
    }

    void changeId(int oldId, int newId) {
        Object object = objects.getObject(oldId, false);
        objects.freeObject(oldId);
        objects.addObject(newId, object);
    }
}
