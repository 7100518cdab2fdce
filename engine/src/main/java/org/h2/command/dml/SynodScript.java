package org.h2.command.dml;

import java.io.Reader;
import java.nio.charset.Charset;
import org.h2.command.Prepared;

/** Opens the file of a RUNSCRIPT as H2 does, compressed and encrypted ones too: nothing but calls through. */
public final class SynodScript implements AutoCloseable {
    private final ScriptBase script;

    /** @param runScript a compiled RUNSCRIPT */
    public SynodScript(Prepared runScript) {
        script = (ScriptBase) runScript;
    }

    public Reader open(Charset charset) {
        script.openInput(charset);
        return script.reader;
    }

    @Override
    public void close() {
        script.closeIO();
    }
}
