# Asks the pool, on one of its front ends, whether it is ready for an upgrade. Changes nothing. It may take long: the cmdlet waits until replicas
# are built, and is never told to skip that.
#   module   the product's module
#   cmdlet   Get-CsPoolUpgradeReadinessState, or Get-CsUpgradeDomainInfo from 2019 on
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
$answers = @(switch ($a.cmdlet) {
    'Get-CsPoolUpgradeReadinessState' { Get-CsPoolUpgradeReadinessState }
    'Get-CsUpgradeDomainInfo' { Get-CsUpgradeDomainInfo }
    default { throw "no such question: $($a.cmdlet)" }
})
$plain = @(foreach ($answer in $answers) { ConvertTo-Plain $answer })
@{ answers = $plain }
