# Skype for Business Server 2015, 2019 and Subscription Edition.
. ([System.IO.Path]::Combine($PSScriptRoot, '..', 'pool.ps1'))
Export-ModuleMember -Function Get-CsComputer, Get-CsWindowsService, Stop-CsWindowsService, Start-CsWindowsService, Get-CsPoolUpgradeReadinessState,
Get-CsUpgradeDomainInfo, Get-CsServerPatchVersion, Invoke-CsComputerFailOver, Invoke-CsComputerFailBack,
Get-CsRegistrarConfiguration, Get-CsPoolBackupRelationship, Get-CsBackupServiceStatus, Get-CsManagementStoreReplicationStatus, Get-CsService,
Invoke-CsPoolFailOver, Invoke-CsPoolFailBack, Get-CimInstance, Restart-Computer
