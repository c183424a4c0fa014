// What a thread does that waits for some instructions of another one.

import CRing

/// Lets another thread run for a moment; for loops that wait for a few instructions of a thread
/// which may have lost its processor in the middle of them.
public func pauseForOtherThread() { csystem_pause() }
