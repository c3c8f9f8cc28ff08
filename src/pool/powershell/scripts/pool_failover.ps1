# Fails the pool over to its partner, or back. Runs where the management tools are, and leaves a mark there while it goes on.
#   module      the product's module
#   pool        the pool
#   back        whether it is failed back
#   disaster    whether what was not copied yet may be lost with it (-DisasterMode): only ever by a person's word
#   run, step   the names of the mark
#   token       the newest token of the step
param([string] $Arguments)
$a = Read-Arguments $Arguments
Invoke-Marked $a {
    Import-Product $a.module
    if ($a.back) { Invoke-CsPoolFailBack -PoolFqdn $a.pool -Confirm:$false }
    elseif ($a.disaster) { Invoke-CsPoolFailOver -PoolFqdn $a.pool -DisasterMode -Confirm:$false }
    else { Invoke-CsPoolFailOver -PoolFqdn $a.pool -Confirm:$false }
}
