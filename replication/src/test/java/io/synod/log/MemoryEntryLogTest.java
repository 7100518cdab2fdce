package io.synod.log;

class MemoryEntryLogTest extends EntryLogContract {
    @Override
    EntryLog open() {
        return new MemoryEntryLog();
    }
}
