// A verifier that answers false instead of reverting: the rollup contract must refuse that too.
object "ReturnFalse" {
    code {
        datacopy(0, dataoffset("ReturnFalse_deployed"), datasize("ReturnFalse_deployed"))
        return(0, datasize("ReturnFalse_deployed"))
    }
    object "ReturnFalse_deployed" {
        code { return(0, 0x20) }
    }
}
